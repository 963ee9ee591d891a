<?php

declare(strict_types=1);

// Tests the library with the vectors that all libraries share: `php test_vectors.php`.

require __DIR__ . '/PixmillUrl.php';

$vectors = json_decode(file_get_contents(__DIR__ . '/../vectors.json'), true, flags: JSON_THROW_ON_ERROR);
$done = 0;

function check(string $name, string $expected, callable $call): void
{
    global $done;
    try {
        $found = $call();
    } catch (PixmillError $error) {
        $found = $error->getMessage();
    }
    if ($found !== $expected) {
        fwrite(STDERR, "$name:\n  expected $expected\n  got      $found\n");
        exit(1);
    }
    $done++;
}

foreach ($vectors['build'] as $one) {
    check($one['name'], $one['url'], fn () => PixmillUrl::build($one['base'], $one['path'], $one['params']));
}
foreach ($vectors['sign'] as $one) {
    $options = [$one['upload'], $one['strip_prefix']];
    check($one['name'], $one['text'], fn () => PixmillUrl::signedText($one['url'], ...$options));
    check($one['name'], $one['signed'], fn () => PixmillUrl::sign($one['url'], $one['key'], ...$options));
}
$set = fn (array $one, ?string $key) => PixmillUrl::srcset(
    $one['base'],
    $one['path'],
    $one['params'],
    $one['widths'] ?? null,
    $one['densities'] ?? null,
    $key
);
foreach ($vectors['srcset'] as $one) {
    check($one['name'], $one['srcset'], fn () => $set($one, null));
    check($one['name'], $one['signed'], fn () => $set($one, $one['key']));
}
foreach ($vectors['refused'] as $one) {
    check(json_encode($one), $one['error'], fn () => match ($one['call']) {
        'build' => PixmillUrl::build($one['base'], $one['path'], $one['params']),
        'sign' => PixmillUrl::sign($one['url'], $one['key'], false, $one['strip_prefix'] ?? ''),
        'srcset' => $set($one, null),
    });
}
check('not a number', 'width: expected a whole number from 1 to 65535, got NAN', fn () => PixmillUrl::build('', 'a', ['width' => NAN]));
if ($done < 80) {
    fwrite(STDERR, "only $done checks\n");
    exit(1);
}
echo "$done checks passed\n";
