//! Examples in the help of the commands. A test parses each of them.

/// Of the program as a whole: the exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  a file, a URL or a server failed
  2  the command line or the configuration is invalid";

/// Of `serve`.
pub const SERVE: &str = "\
Examples:
  pixmill serve --origin /srv/pictures
  pixmill serve --origin https://images.example.com/originals --listen 127.0.0.1:8080
  pixmill serve --config pixmill.toml";

/// Of `process`.
pub const PROCESS: &str = "\
Examples:
  pixmill process photo.jpg 'width=300' -o small.webp
  pixmill process pictures/ 'width=1280&format=avif' -o small/ --skip-existing
  pixmill process *.png 'format=auto' --accept avif,webp -o converted/
  pixmill process - 'width=300&format=jpeg' -o - <photo.png >small.jpg
  pixmill process photo.jpg 'meta=true' -o photo.json";

/// Of `warm`.
pub const WARM: &str = "\
Examples:
  pixmill warm urls.txt --server http://10.0.0.1:8080 --concurrency 16
  pixmill warm https://www.example.com/sitemap.xml --widths 320,640,1280 --accept avif,webp
  pixmill warm sitemap.xml.gz --server http://10.0.0.1:8080 --rate 50 --retries 5";

/// Of `explain`.
pub const EXPLAIN: &str = "\
Examples:
  pixmill explain '/photo.jpg?width=300&height=300&crop=fit'
  pixmill explain 'width=300&format=auto' --source photo.jpg --accept avif
  pixmill explain 'width=300' --size 6000x4000 --json";

/// Of `params`.
pub const PARAMS: &str = "\
Examples:
  pixmill params
  pixmill params crop
  pixmill params --json";

/// Of `sign`.
pub const SIGN: &str = "\
Examples:
  pixmill sign 'https://img.example.com/photo.jpg?width=300' --config pixmill.toml
  pixmill sign '/photo.jpg?width=300' --expires 24h --key main";

/// Of `bench`.
pub const BENCH: &str = "\
Examples:
  pixmill bench
  pixmill bench --source photo.jpg --widths 320,640 --formats webp,avif
  pixmill bench --json >figures.json";

/// Of `plan-capacity`.
pub const PLAN_CAPACITY: &str = "\
Examples:
  pixmill plan-capacity --requests-per-second 500 --hit-rate 90%
  pixmill plan-capacity --requests-per-second 500 --hit-rate 90% --bench figures.json --node-cores 8";

/// Of `check-config`.
pub const CHECK_CONFIG: &str = "\
Examples:
  pixmill check-config --config pixmill.toml";

/// Of `config`.
pub const CONFIG: &str = "\
Examples:
  pixmill config --default >pixmill.toml
  pixmill config --config pixmill.toml
  pixmill config --json";

/// Of `health`.
pub const HEALTH: &str = "\
Examples:
  pixmill health
  pixmill health http://127.0.0.1:8080";

/// Of `completions`.
pub const COMPLETIONS: &str = "\
Examples:
  pixmill completions bash >/usr/share/bash-completion/completions/pixmill
  pixmill completions zsh >~/.zfunc/_pixmill
  pixmill completions fish >~/.config/fish/completions/pixmill.fish";

/// Of `man`.
pub const MANUAL: &str = "\
Examples:
  pixmill man | man -l -
  pixmill man /usr/local/share/man/man1";
