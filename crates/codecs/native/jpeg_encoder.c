// Encodes JPEG through libjpeg-turbo, by rows.
#include "jpeg_failure.h"

#include <string.h>

// First size of the output in bytes; it is doubled when it is full.
#define FIRST_SIZE (64 << 10)

// Rows that are passed on at a time.
#define ROWS 16

typedef struct {
    struct jpeg_compress_struct codec;
    failure error;
    struct jpeg_destination_mgr destination;
    uint8_t *bytes;
    size_t capacity;
    // Of each component; libjpeg refers to them until the file ends.
    jvirt_barray_ptr coefficients[MAX_COMPONENTS];
} pixmill_jpeg_writer;

static pixmill_jpeg_writer *owner(j_compress_ptr codec) { return codec->client_data; }

// Doubles the output, whose first `used` bytes are written.
static void grow(j_compress_ptr codec, size_t used) {
    pixmill_jpeg_writer *self = owner(codec);
    size_t capacity = self->capacity ? self->capacity * 2 : FIRST_SIZE;
    uint8_t *bytes = realloc(self->bytes, capacity);
    if (!bytes)
        ERREXIT1(codec, JERR_OUT_OF_MEMORY, 10);
    self->bytes = bytes;
    self->capacity = capacity;
    self->destination.next_output_byte = bytes + used;
    self->destination.free_in_buffer = capacity - used;
}

static void begin(j_compress_ptr codec) { grow(codec, 0); }

// libjpeg calls it when every byte is written, whatever `free_in_buffer` says.
static boolean full(j_compress_ptr codec) {
    grow(codec, owner(codec)->capacity);
    return TRUE;
}

static void end(j_compress_ptr codec) { (void)codec; }

pixmill_jpeg_writer *pixmill_jpeg_new_writer(void) { return calloc(1, sizeof(pixmill_jpeg_writer)); }

void pixmill_jpeg_free_writer(pixmill_jpeg_writer *self) {
    jpeg_destroy_compress(&self->codec);
    free(self->bytes);
    free(self);
}

const char *pixmill_jpeg_writer_message(const pixmill_jpeg_writer *self, int *is_out_of_memory) {
    return message_of(&self->error, is_out_of_memory);
}

// Prepares a compressor that writes into the output, without any application segments.
static void prepare(pixmill_jpeg_writer *self, uint32_t width, uint32_t height, uint32_t bands, J_COLOR_SPACE space,
                    int halved, int progressive) {
    j_compress_ptr codec = &self->codec;
    jpeg_create_compress(codec);
    codec->client_data = self;
    self->destination.init_destination = begin;
    self->destination.empty_output_buffer = full;
    self->destination.term_destination = end;
    codec->dest = &self->destination;
    codec->image_width = width;
    codec->image_height = height;
    codec->input_components = (int)bands;
    codec->in_color_space = bands == 1 ? JCS_GRAYSCALE : space;
    jpeg_set_defaults(codec);
    codec->optimize_coding = TRUE;
    codec->write_JFIF_header = FALSE;
    if (progressive)
        jpeg_simple_progression(codec);
    if (!halved)
        codec->comp_info[0].h_samp_factor = codec->comp_info[0].v_samp_factor = 1;
}

// Starts a file of 1 band (grey) or 3 (RGB, stored as YCbCr), without any application segments. `halved` stores chroma at
// half the resolution both ways. Returns 0, or -1 with a message.
int pixmill_jpeg_begin(pixmill_jpeg_writer *self, uint32_t width, uint32_t height, uint32_t bands, int quality,
                       int halved, int progressive) {
    self->codec.err = prepare_errors(&self->error);
    if (setjmp(self->error.jump))
        return -1;
    prepare(self, width, height, bands, JCS_RGB, halved, progressive);
    jpeg_set_quality(&self->codec, quality, TRUE);
    jpeg_start_compress(&self->codec, TRUE);
    return 0;
}

static JDIMENSION divided(JDIMENSION value, JDIMENSION divisor) { return (value + divisor - 1) / divisor; }

// Makes room for the coefficients of a component, and returns how many blocks cover it, across and down.
static void reserve(j_compress_ptr codec, int band, JDIMENSION blocks[2]) {
    JDIMENSION factor = (JDIMENSION)codec->comp_info[band].h_samp_factor;
    JDIMENSION side = (JDIMENSION)codec->comp_info[0].h_samp_factor * DCTSIZE;
    blocks[0] = divided(codec->image_width * factor, side);
    blocks[1] = divided(codec->image_height * factor, side);
    owner(codec)->coefficients[band] = codec->mem->request_virt_barray(
        (j_common_ptr)codec, JPOOL_IMAGE, TRUE, divided(blocks[0], factor) * factor,
        divided(blocks[1], factor) * factor, factor);
}

// Starts a file of the coefficients of all components.
static void fill(j_compress_ptr codec, const int16_t *coefficients) {
    jvirt_barray_ptr *arrays = owner(codec)->coefficients;
    JDIMENSION blocks[MAX_COMPONENTS][2];
    for (int band = 0; band < codec->num_components; band++)
        reserve(codec, band, blocks[band]);
    jpeg_write_coefficients(codec, arrays);
    for (int band = 0; band < codec->num_components; band++)
        for (JDIMENSION row = 0; row < blocks[band][1]; row++) {
            JBLOCKARRAY to = codec->mem->access_virt_barray((j_common_ptr)codec, arrays[band], row, 1, TRUE);
            memcpy(to[0], coefficients, blocks[band][0] * sizeof(JBLOCK));
            coefficients += (size_t)blocks[band][0] * DCTSIZE2;
        }
}

// Starts a progressive file of coefficients that are quantised already: 1 component (grey) or 3 (YCbCr), one after the other,
// each of the blocks that cover it, row by row. `steps` are those of luma, then of chroma. Blocks and steps have 64 values, row by
// row. `finish` ends the file. Returns 0, or -1 with a message.
int pixmill_jpeg_put(pixmill_jpeg_writer *self, uint32_t width, uint32_t height, uint32_t bands, int halved,
                     const uint32_t *steps, const int16_t *coefficients) {
    j_compress_ptr codec = &self->codec;
    codec->err = prepare_errors(&self->error);
    if (setjmp(self->error.jump))
        return -1;
    prepare(self, width, height, bands, JCS_YCbCr, halved, 1);
    jpeg_add_quant_table(codec, 0, steps, 100, TRUE);
    jpeg_add_quant_table(codec, 1, steps + DCTSIZE2, 100, TRUE);
    fill(codec, coefficients);
    return 0;
}

// Takes the next rows, as many as `length` bytes hold. Returns 0, or -1 with a message.
int pixmill_jpeg_write(pixmill_jpeg_writer *self, const uint8_t *rows, size_t length) {
    if (setjmp(self->error.jump))
        return -1;
    size_t stride = (size_t)self->codec.image_width * (size_t)self->codec.input_components;
    size_t count = length / stride;
    for (size_t row = 0; row < count;) {
        JSAMPROW pointers[ROWS];
        size_t given = count - row < ROWS ? count - row : ROWS;
        for (size_t index = 0; index < given; index++)
            pointers[index] = (JSAMPROW)(rows + (row + index) * stride);
        JDIMENSION written = jpeg_write_scanlines(&self->codec, pointers, (JDIMENSION)given);
        if (!written)
            ERREXIT(&self->codec, JERR_BUFFER_SIZE);
        row += written;
    }
    return 0;
}

// Ends the file, which lives as long as the writer. Returns 0, or -1 with a message.
int pixmill_jpeg_finish(pixmill_jpeg_writer *self, const uint8_t **bytes, size_t *length) {
    if (setjmp(self->error.jump))
        return -1;
    jpeg_finish_compress(&self->codec);
    *bytes = self->bytes;
    *length = self->capacity - self->destination.free_in_buffer;
    return 0;
}
