// JPEG through libjpeg-turbo, by rows. Its errors are non-local jumps, which end here and become return values.
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// Most scans of a progressive image: each costs a pass over the whole of it. (libvips has the same bound.)
#define MAX_SCANS 100

typedef struct {
    struct jpeg_error_mgr manager;
    jmp_buf jump;
    int code;
    char message[JMSG_LENGTH_MAX];
} failure;

static void on_error(j_common_ptr codec) {
    failure *self = (failure *)codec->err;
    self->code = codec->err->msg_code;
    codec->err->format_message(codec, self->message);
    longjmp(self->jump, 1);
}

static void on_warning(j_common_ptr codec, int level) {
    if (level < 0)
        codec->err->num_warnings++;
}

static struct jpeg_error_mgr *prepare_errors(failure *self) {
    jpeg_std_error(&self->manager);
    self->manager.error_exit = on_error;
    self->manager.emit_message = on_warning;
    return &self->manager;
}

// --- decoding ---

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

static void set_source(pixmill_jpeg_reader *self, const uint8_t *data, size_t size) {
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
}

// Reads the header. Returns 1 for an image of 8 bits that is grey, YCbCr or RGB, else 0.
int pixmill_jpeg_header(const uint8_t *data, size_t size, uint32_t *width, uint32_t *height, uint32_t *bands) {
    pixmill_jpeg_reader self;
    memset(&self, 0, sizeof self);
    self.codec.err = prepare_errors(&self.error);
    if (setjmp(self.error.jump)) {
        jpeg_destroy_decompress(&self.codec);
        return 0;
    }
    jpeg_create_decompress(&self.codec);
    set_source(&self, data, size);
    jpeg_read_header(&self.codec, TRUE);
    J_COLOR_SPACE space = self.codec.jpeg_color_space;
    int taken = self.codec.data_precision == 8 &&
                (space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB);
    *width = self.codec.image_width;
    *height = self.codec.image_height;
    *bands = space == JCS_GRAYSCALE ? 1 : 3;
    jpeg_destroy_decompress(&self.codec);
    return taken;
}

// Opens an image, scaled by a divisor. The bytes must live as long as the reader. Returns NULL for no memory.
pixmill_jpeg_reader *pixmill_jpeg_new_reader(void) {
    return calloc(1, sizeof(pixmill_jpeg_reader));
}

// Starts decoding. Returns 0, or -1 with a message.
int pixmill_jpeg_start(pixmill_jpeg_reader *self, const uint8_t *data, size_t size, uint32_t divisor,
                       uint32_t *width, uint32_t *height) {
    self->codec.err = prepare_errors(&self->error);
    if (setjmp(self->error.jump))
        return -1;
    jpeg_create_decompress(&self->codec);
    set_source(self, data, size);
    jpeg_read_header(&self->codec, TRUE);
    self->codec.scale_num = 1;
    self->codec.scale_denom = divisor;
    self->codec.out_color_space = self->codec.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&self->codec);
    *width = self->codec.output_width;
    *height = self->codec.output_height;
    return 0;
}

// Reads the next rows. Returns 0, or -1 with a message.
int pixmill_jpeg_read(pixmill_jpeg_reader *self, uint8_t *rows, size_t stride, uint32_t count) {
    if (setjmp(self->error.jump))
        return -1;
    for (uint32_t row = 0; row < count;) {
        JSAMPROW pointers[8];
        uint32_t wanted = count - row < 8 ? count - row : 8;
        for (uint32_t index = 0; index < wanted; index++)
            pointers[index] = rows + (size_t)(row + index) * stride;
        uint32_t read = jpeg_read_scanlines(&self->codec, pointers, wanted);
        if (!read)
            ERREXIT(&self->codec, JERR_INPUT_EOF);
        row += read;
    }
    return 0;
}

// What the last failed call says: a text, and whether memory ran out.
const char *pixmill_jpeg_message(const pixmill_jpeg_reader *self, int *is_out_of_memory) {
    *is_out_of_memory = self->error.code == JERR_OUT_OF_MEMORY;
    return self->error.message;
}

void pixmill_jpeg_free_reader(pixmill_jpeg_reader *self) {
    jpeg_destroy_decompress(&self->codec);
    free(self);
}
