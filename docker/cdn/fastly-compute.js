// Fastly Compute in front of Pixmill: reduces Accept to three values, so that a variant is cached once per format, and fetches from the
// backend `pixmill`. The cache obeys Cache-Control, Vary and Surrogate-Key of the nodes.
import { CacheOverride } from 'fastly:cache-override';

function reduced(accept) {
  return accept.includes('image/avif') ? 'image/avif,image/webp' : accept.includes('image/webp') ? 'image/webp' : '*/*';
}

async function respond({ request }) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('expected GET or HEAD\n', { status: 405, headers: { allow: 'GET, HEAD' } });
  }
  const headers = new Headers(request.headers);
  headers.set('accept', reduced(headers.get('accept') ?? ''));
  headers.delete('cookie');
  headers.delete('authorization');
  // none: no override of what the nodes state
  const cacheOverride = new CacheOverride('none');
  return fetch(new Request(request.url, { method: request.method, headers }), { backend: 'pixmill', cacheOverride });
}

addEventListener('fetch', (event) => event.respondWith(respond(event)));
