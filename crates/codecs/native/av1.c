// Still AV1 images through dav1d: one frame, on the calling thread.
#include <dav1d/dav1d.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// What a sequence header states. Rust has the same declaration (src/av1/ffi.rs).
typedef struct {
    uint32_t width, height;
    // Bits per sample: 8, 10 or 12 (from 10 on in 16-bit units).
    uint32_t bits;
    // 0: grey, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4 (Dav1dPixelLayout).
    uint32_t layout;
    // Matrix coefficients as in ITU-T H.273, whether samples have the full range, and the chroma sample position.
    uint32_t matrix, full_range, siting;
    // Whether film grain may be added, and whether there may be several layers.
    uint32_t grain, layers;
} pixmill_av1_header;

// A decoded frame. Rust has the same declaration (src/av1/ffi.rs).
typedef struct {
    uint32_t width, height, bits, layout;
    const uint8_t *planes[3];
    // Bytes from a row of luma, and of chroma, to the next.
    ptrdiff_t strides[2];
    void *owner;
} pixmill_av1_frame;

// Reads the sequence header. Returns 0, or a negative errno.
int pixmill_av1_read_header(const uint8_t *data, size_t size, pixmill_av1_header *header) {
    Dav1dSequenceHeader found;
    int status = dav1d_parse_sequence_header(&found, data, size);
    if (status < 0)
        return status;
    header->width = (uint32_t)found.max_width;
    header->height = (uint32_t)found.max_height;
    header->bits = found.hbd ? 8 + 2 * (uint32_t)found.hbd : 8;
    header->layout = (uint32_t)found.layout;
    header->matrix = (uint32_t)found.mtrx;
    header->full_range = found.color_range;
    header->siting = (uint32_t)found.chr;
    header->grain = found.film_grain_present;
    header->layers = found.num_operating_points > 1 || found.operating_points[0].idc != 0;
    return 0;
}

static void drop_nothing(const uint8_t *data, void *cookie) {
    (void)data;
    (void)cookie;
}

// Gets the first frame of the data. Returns 0, or a negative errno.
static int first_frame(Dav1dContext *context, Dav1dData *input, Dav1dPicture *picture) {
    int status;
    while (input->sz) {
        status = dav1d_send_data(context, input);
        if (status < 0 && status != DAV1D_ERR(EAGAIN))
            return status;
        status = dav1d_get_picture(context, picture);
        if (status != DAV1D_ERR(EAGAIN))
            return status;
    }
    // what the decoder may still hold; EAGAIN when there is no frame at all
    return dav1d_get_picture(context, picture);
}

// Whether nothing but padding and metadata follows a frame, in data that the decoder has taken or not: 0, or a negative errno.
// What other decoders make of more frames differs.
static int no_more_frames(Dav1dContext *context, Dav1dData *input) {
    Dav1dPicture another = {0};
    int status;
    do {
        status = input->sz ? dav1d_send_data(context, input) : 0;
        if (status < 0 && status != DAV1D_ERR(EAGAIN))
            return status;
        status = dav1d_get_picture(context, &another);
    } while (status == DAV1D_ERR(EAGAIN) && input->sz);
    if (status == 0)
        dav1d_picture_unref(&another);
    return status == DAV1D_ERR(EAGAIN) ? 0 : status == 0 ? DAV1D_ERR(EINVAL) : status;
}

// Decodes the only frame, of at most `max_pixels`. Returns 0, or a negative errno: -ENOMEM for no memory.
int pixmill_av1_decode(const uint8_t *data, size_t size, uint32_t max_pixels, pixmill_av1_frame *frame) {
    Dav1dSettings settings;
    Dav1dContext *context = NULL;
    dav1d_default_settings(&settings);
    settings.n_threads = 1;
    settings.max_frame_delay = 1;
    settings.frame_size_limit = max_pixels;
    settings.all_layers = 0;
    // the padding behind each tile is checked, which finds nearly every damage; other decoders always do so
    settings.strict_std_compliance = 1;
    settings.logger.callback = NULL;
    int status = dav1d_open(&context, &settings);
    if (status < 0)
        return status;
    Dav1dPicture *picture = calloc(1, sizeof *picture);
    Dav1dData input = {0};
    status = picture ? dav1d_data_wrap(&input, data, size, drop_nothing, NULL) : DAV1D_ERR(ENOMEM);
    if (status == 0)
        status = first_frame(context, &input, picture);
    if (status == 0) {
        status = no_more_frames(context, &input);
        if (status < 0)
            dav1d_picture_unref(picture);
    }
    dav1d_data_unref(&input);
    dav1d_close(&context);
    if (status < 0) {
        free(picture);
        return status;
    }
    frame->width = (uint32_t)picture->p.w;
    frame->height = (uint32_t)picture->p.h;
    frame->bits = (uint32_t)picture->p.bpc;
    frame->layout = (uint32_t)picture->p.layout;
    for (int plane = 0; plane < 3; plane++)
        frame->planes[plane] = picture->data[plane];
    frame->strides[0] = picture->stride[0];
    frame->strides[1] = picture->stride[1];
    frame->owner = picture;
    return 0;
}

// Frees a decoded frame.
void pixmill_av1_free(void *owner) {
    Dav1dPicture *picture = owner;
    dav1d_picture_unref(picture);
    free(picture);
}
