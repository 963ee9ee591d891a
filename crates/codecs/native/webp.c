// Still WebP images through libwebp.
#include <stddef.h>
#include <stdint.h>
#include <webp/decode.h>

// Reads the header. Returns 1 for a still image, else 0.
int pixmill_webp_header(const uint8_t *data, size_t size, uint32_t *width, uint32_t *height, uint32_t *bands) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, size, &features) != VP8_STATUS_OK || features.has_animation)
        return 0;
    *width = (uint32_t)features.width;
    *height = (uint32_t)features.height;
    *bands = features.has_alpha ? 4 : 3;
    return 1;
}

// Decodes into `out`, `stride` bytes a row. Returns a VP8StatusCode: 0 for success, 1 for no memory.
int pixmill_webp_decode(const uint8_t *data, size_t size, uint32_t bands, uint8_t *out, size_t length, int stride) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return VP8_STATUS_INVALID_PARAM;
    config.output.colorspace = bands == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out;
    config.output.u.RGBA.stride = stride;
    config.output.u.RGBA.size = length;
    return WebPDecode(data, size, &config);
}
