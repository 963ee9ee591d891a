// Still WebP images through libwebp. The container is read by its demuxer, as libvips does: it checks more of the
// container than the decoder.
#include <stddef.h>
#include <stdint.h>
#include <webp/decode.h>
#include <webp/demux.h>

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

// Decodes into `out`, `stride` bytes per row. Returns a VP8StatusCode: 0 for success.
int pixmill_webp_decode(const uint8_t *data, size_t size, uint32_t bands, uint8_t *out, size_t length, int stride) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return VP8_STATUS_INVALID_PARAM;
    config.output.colorspace = bands == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out;
    config.output.u.RGBA.stride = stride;
    config.output.u.RGBA.size = length;
    WebPData bytes = {data, size};
    WebPDemuxer *demuxer = WebPDemux(&bytes);
    if (!demuxer)
        return VP8_STATUS_BITSTREAM_ERROR;
    WebPIterator frame;
    int status = VP8_STATUS_BITSTREAM_ERROR;
    if (WebPDemuxGetFrame(demuxer, 1, &frame)) {
        // a frame that does not cover the canvas is not a plain still image
        uint32_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
        uint32_t height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
        if ((uint32_t)frame.width == width && (uint32_t)frame.height == height)
            status = WebPDecode(frame.fragment.bytes, frame.fragment.size, &config);
        WebPDemuxReleaseIterator(&frame);
    }
    WebPDemuxDelete(demuxer);
    return status;
}
