// CloudFront Function for viewer requests: reduces Accept to three values, so that a variant is cached once per format.
function handler(event) {
  var headers = event.request.headers;
  var accept = headers.accept ? headers.accept.value : '';
  var reduced = accept.includes('image/avif') ? 'image/avif,image/webp' : accept.includes('image/webp') ? 'image/webp' : '*/*';
  headers.accept = { value: reduced };
  return event.request;
}
