// CloudFront Function for viewer requests (cloudfront-js-2.0): reduces Accept to three values, and signs the request as `pixmill sign` does
// (docs/signing.md). The key is the value of `signing-key` in the key value store of the function; without it, requests fail.
import cf from 'cloudfront';
import crypto from 'crypto';

// in these parameters, a plus is not a space
var SOURCES = /^(origin|hostname|source_url|host_header|resolve|bucket|region)(64)?$/;

// characters of UTF-8, and bytes that are in none
var UTF8 = new RegExp(
  '[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}' +
  '|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]', 'g');

// percent-decoded text, with one character per byte
function decoded(text) {
  return text.replace(/[^\x00-\x7f]+/g, (characters) => encodeURIComponent(characters))
    .replace(/%([0-9a-f]{2})/gi, (escape, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function encoded(bytes) {
  return bytes.replace(/[^A-Za-z0-9\-._~]/g, (byte) => '%' + (256 + byte.charCodeAt(0)).toString(16).slice(1).toUpperCase());
}

// a name or a value: bytes that are not UTF-8 stay encoded
function part(text) {
  return decoded(text).replace(UTF8, (bytes) => bytes.length > 1 ? bytes : encoded(bytes));
}

// a parameter as sent, its name, and what of it is signed
function pair(sent) {
  var at = (sent + '=').indexOf('=');
  var name = part(sent.slice(0, at).replace(/\+/g, ' '));
  var value = sent.slice(at + 1);
  value = part(SOURCES.test(name) ? value : value.replace(/\+/g, ' '));
  return { sent: sent, name: name, signed: encoded(name) + '=' + encoded(value) };
}

async function handler(event) {
  var request = event.request;
  var accept = request.headers.accept ? request.headers.accept.value : '';
  accept = accept.includes('image/avif') ? 'image/avif,image/webp' : accept.includes('image/webp') ? 'image/webp' : '*/*';
  request.headers.accept = { value: accept };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return request;
  }
  var pairs = (request.rawQueryString() || '').split('&').filter((sent) => sent !== '').map(pair)
    .filter((pair) => pair.name !== 'signature' && pair.name !== 's')
    .sort((one, other) => one.name < other.name ? -1 : one.name > other.name ? 1 : 0);
  var path = request.uri.split('/').map((segment) => encoded(decoded(segment))).join('/');
  // the runtime allows no await among arguments
  var key = await cf.kvs().get('signing-key');
  var signature = crypto.createHmac('sha256', key)
    .update(path + '?' + pairs.map((pair) => pair.signed).join('&'))
    .digest('hex');
  // in the order of names: one entry of the cache for every order
  request.querystring = pairs.map((pair) => pair.sent).concat('signature=' + signature).join('&');
  return request;
}
