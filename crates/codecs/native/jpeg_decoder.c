// Decodes JPEG through libjpeg-turbo, by rows.
#include "jpeg_failure.h"

// Most scans of a progressive image: each costs a pass over the whole of it. Encoders write about ten; the cost of a request
// is predicted for this number at most.
#define MAX_SCANS 1000

// Rows that are asked for at a time.
#define ROWS 16

typedef struct {
    struct jpeg_decompress_struct codec;
    failure error;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
} pixmill_jpeg_reader;

static void nothing(j_decompress_ptr codec) { (void)codec; }

// All bytes are there from the start: more are wanted only of a truncated image.
static boolean no_more_bytes(j_decompress_ptr codec) {
    ERREXIT(codec, JERR_INPUT_EOF);
    return FALSE;
}

static void skip(j_decompress_ptr codec, long count) {
    if (count <= 0)
        return;
    if ((size_t)count > codec->src->bytes_in_buffer)
        ERREXIT(codec, JERR_INPUT_EOF);
    codec->src->next_input_byte += count;
    codec->src->bytes_in_buffer -= (size_t)count;
}

static void count_scans(j_common_ptr codec) {
    if (((j_decompress_ptr)codec)->input_scan_number > MAX_SCANS)
        ERREXIT(codec, JERR_BAD_PROGRESSION);
}

// Creates the decoder and reads the header. A jump may end it.
static void read_header(pixmill_jpeg_reader *self, const uint8_t *data, size_t size) {
    jpeg_create_decompress(&self->codec);
    self->source.next_input_byte = data;
    self->source.bytes_in_buffer = size;
    self->source.init_source = nothing;
    self->source.fill_input_buffer = no_more_bytes;
    self->source.skip_input_data = skip;
    self->source.resync_to_restart = jpeg_resync_to_restart;
    self->source.term_source = nothing;
    self->codec.src = &self->source;
    self->progress.progress_monitor = count_scans;
    self->codec.progress = &self->progress;
    jpeg_read_header(&self->codec, TRUE);
}

// Sets a divisor, and the output to grey or RGB: upsampling by interpolation and the exact DCT, which are defaults, are
// what libvips uses too. Returns whether sides become what they are by the divisor, rounded up: lossless images do not.
static int scale(j_decompress_ptr codec, uint32_t divisor) {
    codec->scale_num = 1;
    codec->scale_denom = divisor;
    codec->out_color_space = codec->jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_calc_output_dimensions(codec);
    return codec->output_width == (codec->image_width + divisor - 1) / divisor &&
           codec->output_height == (codec->image_height + divisor - 1) / divisor;
}

pixmill_jpeg_reader *pixmill_jpeg_new_reader(void) { return calloc(1, sizeof(pixmill_jpeg_reader)); }

void pixmill_jpeg_free_reader(pixmill_jpeg_reader *self) {
    jpeg_destroy_decompress(&self->codec);
    free(self);
}

const char *pixmill_jpeg_reader_message(const pixmill_jpeg_reader *self, int *is_out_of_memory) {
    return message_of(&self->error, is_out_of_memory);
}

// Reads the header, with a new reader. Returns 1 for a lossy image of 8 bits that is grey, YCbCr or RGB and not
// arithmetically coded, else 0.
int pixmill_jpeg_header(pixmill_jpeg_reader *self, const uint8_t *data, size_t size, uint32_t *width,
                        uint32_t *height, uint32_t *bands) {
    self->codec.err = prepare_errors(&self->error);
    if (setjmp(self->error.jump))
        return 0;
    read_header(self, data, size);
    J_COLOR_SPACE space = self->codec.jpeg_color_space;
    *width = self->codec.image_width;
    *height = self->codec.image_height;
    *bands = space == JCS_GRAYSCALE ? 1 : 3;
    return self->codec.data_precision == 8 && !self->codec.arith_code &&
           (space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB) && scale(&self->codec, 8);
}

// Starts to decode by a divisor, with a new reader. The bytes must live as long as it. Returns 0, or -1 with a message.
int pixmill_jpeg_start(pixmill_jpeg_reader *self, const uint8_t *data, size_t size, uint32_t divisor) {
    self->codec.err = prepare_errors(&self->error);
    if (setjmp(self->error.jump))
        return -1;
    read_header(self, data, size);
    if (!scale(&self->codec, divisor))
        ERREXIT(&self->codec, JERR_NOT_COMPILED);
    jpeg_start_decompress(&self->codec);
    return 0;
}

// Reads the next rows, as many as `length` bytes hold. Returns 0, or -1 with a message.
int pixmill_jpeg_read(pixmill_jpeg_reader *self, uint8_t *rows, size_t length) {
    if (setjmp(self->error.jump))
        return -1;
    size_t stride = (size_t)self->codec.output_width * (size_t)self->codec.output_components;
    size_t count = length / stride;
    for (size_t row = 0; row < count;) {
        JSAMPROW pointers[ROWS];
        size_t wanted = count - row < ROWS ? count - row : ROWS;
        for (size_t index = 0; index < wanted; index++)
            pointers[index] = rows + (row + index) * stride;
        JDIMENSION read = jpeg_read_scanlines(&self->codec, pointers, (JDIMENSION)wanted);
        if (!read)
            ERREXIT(&self->codec, JERR_INPUT_EOF);
        row += read;
    }
    return 0;
}
