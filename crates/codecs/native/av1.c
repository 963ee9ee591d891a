// Still AV1 images through dav1d: one frame, on the calling thread.
#include <dav1d/dav1d.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// A decoded frame. Rust has the same declaration (src/av1/ffi.rs).
typedef struct {
    uint32_t width, height;
    // Bits per sample: 8, 10 or 12 (from 10 on in 16-bit units).
    uint32_t bits;
    // 0: grey, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4 (Dav1dPixelLayout).
    uint32_t layout;
    // Matrix coefficients as in ITU-T H.273, and whether samples have the full range.
    uint32_t matrix, full_range;
    const uint8_t *planes[3];
    // Bytes a row of luma, and of chroma.
    ptrdiff_t strides[2];
    void *owner;
} pixmill_av1_frame;

static void drop_nothing(const uint8_t *data, void *cookie) {
    (void)data;
    (void)cookie;
}

// Decodes the first frame. Returns 0, or a negative errno: -ENOMEM for no memory.
int pixmill_av1_decode(const uint8_t *data, size_t size, uint32_t max_pixels, pixmill_av1_frame *frame) {
    Dav1dSettings settings;
    Dav1dContext *context = NULL;
    dav1d_default_settings(&settings);
    settings.n_threads = 1;
    settings.max_frame_delay = 1;
    settings.frame_size_limit = max_pixels;
    settings.all_layers = 0;
    settings.logger.callback = NULL;
    int status = dav1d_open(&context, &settings);
    if (status < 0)
        return status;
    Dav1dPicture *picture = calloc(1, sizeof *picture);
    Dav1dData input = {0};
    if (!picture)
        status = -ENOMEM;
    else
        status = dav1d_data_wrap(&input, data, size, drop_nothing, NULL);
    while (status >= 0) {
        if (input.sz) {
            status = dav1d_send_data(context, &input);
            if (status < 0 && status != DAV1D_ERR(EAGAIN))
                break;
        }
        status = dav1d_get_picture(context, picture);
        if (status == 0)
            break;
        // more data is wanted: an error when there is none
        if (status == DAV1D_ERR(EAGAIN) && input.sz)
            status = 0;
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
    frame->matrix = (uint32_t)picture->seq_hdr->mtrx;
    frame->full_range = (uint32_t)picture->seq_hdr->color_range;
    for (int plane = 0; plane < 3; plane++)
        frame->planes[plane] = picture->data[plane];
    frame->strides[0] = picture->stride[0];
    frame->strides[1] = picture->stride[1];
    frame->owner = picture;
    return 0;
}

void pixmill_av1_free(void *owner) {
    Dav1dPicture *picture = owner;
    dav1d_picture_unref(picture);
    free(picture);
}
