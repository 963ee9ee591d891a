//! The example site of the documentation: pictures, and a server in place of the documented addresses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    rc::Rc,
};

use super::page::root;
use crate::serve::{Server, serve_with};

/// The token of docs/uploads.md.
const TOKEN: &str = "a-long-random-text";
/// Pictures in the documentation, with the samples that replace them.
const PICTURES: [(&str, &str); 4] = [
    ("photo.jpg", "china.jpg"),
    ("a.jpg", "flower.jpg"),
    ("products/1.jpg", "rocket.jpg"),
    ("café/photo.jpg", "china.jpg"),
];
/// The key of docs/signing.md, and the path of the configuration in it.
const CONFIGURATION: &str = "[params.signing.keys]\nmain = \"correct horse battery staple\"\n";

/// A folder with pictures, a server in front of it, and a folder where commands run.
#[derive(Clone)]
pub struct Site {
    /// Where commands run.
    work: PathBuf,
    /// What stands in the pages for addresses and files, and what is meant here.
    places: Vec<(&'static str, String)>,
    /// The server and its folder, if they end with this.
    _own: Option<Rc<(Server, tempfile::TempDir)>>,
}

impl Site {
    /// Starts the server.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let origin = folder.path().join("pictures");
        let mut server = serve_with(
            &["--origin", origin.to_str().unwrap()],
            &[
                ("PIXMILL__UPLOADS__ENABLED", "true"),
                ("PIXMILL__UPLOADS__TOKENS", &format!("[\"{TOKEN}\"]")),
                ("PIXMILL__UPLOADS__ADDRESS", "127.0.0.1:0"),
                ("PIXMILL__LOGS__FORMAT", "json"),
            ],
        );
        let uploads = after(&server.says("\"uploads\":\""), "\"uploads\":\"");
        let admin = after(&server.says("\"admin\":\""), "\"admin\":\"");
        let public = server.url.trim_start_matches("http://").to_owned();
        let places = vec![
            ("/srv/pictures", origin.to_str().unwrap().to_owned()),
            ("127.0.0.1:8080", public),
            ("127.0.0.1:17006", admin),
            ("127.0.0.1:17007", uploads),
        ];
        Self { work: folder.path().join("work"), places, _own: Some(Rc::new((server, folder))) }
    }

    /// A site whose server runs elsewhere.
    pub fn of_places(work: PathBuf, places: Vec<(&'static str, String)>) -> Self {
        Self { work, places, _own: None }
    }

    /// Runs these commands with `bash`, at this site's addresses.
    #[expect(clippy::disallowed_methods, reason = "commands are found as the developer's shell finds them")]
    pub fn bash(&self, commands: &str) -> Output {
        let binary = Path::new(env!("CARGO_BIN_EXE_pixmill")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &self.local(commands)]);
        command.env_clear().env("PATH", path).env("TOKEN", TOKEN);
        command.current_dir(&self.work).output().unwrap()
    }

    /// The text with the addresses and folders of this site in place of those of the pages.
    pub fn local(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (page, here)| text.replace(page, here))
    }

    /// The status that a request gets.
    pub fn status(&self, request: &str) -> String {
        // as browsers send them
        let escaped = request.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let escaped = escaped.replace('[', "%5B").replace(']', "%5D");
        let url = self.local(&format!("http://127.0.0.1:8080{escaped}"));
        let output =
            Command::new("curl").args(["-sg", "-o", "/dev/null", "-w", "%{http_code}", &url]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }
}

fn prepare(folder: &Path) {
    let pictures = folder.join("pictures");
    let work = folder.join("work");
    fs::create_dir_all(&work).unwrap();
    let samples = root().join("samples");
    for part in ["products", "café", ""] {
        fs::create_dir_all(pictures.join(part)).unwrap();
    }
    for entry in fs::read_dir(&samples).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), pictures.join(entry.file_name())).unwrap();
    }
    for (name, sample) in PICTURES {
        fs::copy(samples.join(sample), pictures.join(name)).unwrap();
    }
    fs::copy(samples.join("china.jpg"), work.join("photo.jpg")).unwrap();
    fs::write(work.join("pixmill.toml"), CONFIGURATION).unwrap();
}

/// The text between this text and the next quotation mark.
fn after(line: &str, text: &str) -> String {
    let start = line.find(text).unwrap() + text.len();
    line[start..].split('"').next().unwrap().to_owned()
}
