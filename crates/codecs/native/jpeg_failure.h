// Errors of libjpeg-turbo as return values: its error handler jumps back to the function that was called from outside,
// which has marked the place by `setjmp(failure.jump)`.
#ifndef PIXMILL_JPEG_FAILURE_H
#define PIXMILL_JPEG_FAILURE_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// Warnings, of broken but decodable data, up to this number are ignored. libvips' loader has the same bound: what gives
// more is noise, and slow.
#define MAX_WARNINGS 100

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
    if (level < 0 && ++codec->err->num_warnings >= MAX_WARNINGS)
        codec->err->error_exit(codec);
}

// What the first member of `self` is in `jpeg_decompress_struct.err` and `jpeg_compress_struct.err`.
static struct jpeg_error_mgr *prepare_errors(failure *self) {
    jpeg_std_error(&self->manager);
    self->manager.error_exit = on_error;
    self->manager.emit_message = on_warning;
    return &self->manager;
}

// What the last failed call says: a text, and whether memory ran out.
static const char *message_of(const failure *self, int *is_out_of_memory) {
    *is_out_of_memory = self->code == JERR_OUT_OF_MEMORY;
    return self->message;
}

#endif
