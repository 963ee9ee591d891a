//! Films in a real browser: Chromium plays them, jumps in them, and shows their colours.

use std::{
    io::{BufRead, BufReader, Write, stderr},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Sender, channel},
    thread,
};

use bytes::Bytes;
use image_api::OutputFormat;
use vips_ops::vips::{Image, Interpretation, Keep};

/// Seconds after which a browser that says nothing is ended.
const PATIENCE: &str = "90";

/// One a frame, saturated enough that a wrong matrix or range shows.
const COLOURS: [[u8; 3]; 3] = [[220, 20, 60], [60, 179, 113], [65, 105, 225]];

/// Jumps into each frame of the film, and sends home what is to be seen there.
const PAGE: &str = r#"<!doctype html><video muted></video><script>
const video = document.querySelector("video"), canvas = document.createElement("canvas");
const say = text => fetch("/said?" + text);
video.onerror = () => say("error " + video.error.message);
video.onloadeddata = async () => {
  let text = `${video.videoWidth}x${video.videoHeight}_${Math.round(video.duration * 1000)}ms`;
  for (const start of [0, 0.2, 0.4]) {
    const shown = new Promise(done => {
      const look = (_, frame) =>
        Math.abs(frame.mediaTime - start) < 0.01 ? done() : video.requestVideoFrameCallback(look);
      video.requestVideoFrameCallback(look);
    });
    video.currentTime = start + 0.1;
    await shown;
    const brush = canvas.getContext("2d");
    brush.drawImage(video, 0, 0);
    text += "_" + brush.getImageData(8, 8, 1, 1).data.slice(0, 3).join(",");
  }
  video.currentTime = 0;
  video.onended = () => say(text + "_ended");
  video.play().catch(error => say(text + "_" + error));
};
// as a blob all of it is there: a browser jumps only where it can ask for parts
fetch("/film.mp4").then(answer => answer.blob()).then(film => video.src = URL.createObjectURL(film));
</script>"#;

#[test]
fn chromium_plays_films() {
    let Some(listener) = listener() else { return };
    let film = crate::ask(&colours(), "format=mp4").unwrap().bytes;
    let address = listener.local_addr().unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut browser = browser(address, profile.path());
    let process = browser.id().to_string();
    let (tell, told) = channel();
    let visitors = tell.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (film, tell) = (film.clone(), visitors.clone());
            // browsers open connections in reserve: nobody waits for one that says nothing
            thread::spawn(move || serve(&stream.unwrap(), &film, &tell));
        }
    });
    let watch = thread::spawn(move || {
        browser.wait().unwrap();
        // a browser that goes without a word is heard of too
        let _ = tell.send(None);
    });
    let said = told.recv().unwrap();
    Command::new("kill").arg(process).status().unwrap();
    watch.join().unwrap();
    let said = said.expect("the browser went without a word");
    let parts: Vec<_> = said.split('_').collect();
    let [size, length, red, green, blue, "ended"] = parts[..] else { panic!("{said}") };
    assert_eq!((size, length), ("48x32", "600ms"));
    for (shown, wanted) in [red, green, blue].into_iter().zip(COLOURS) {
        let levels: Vec<u8> = shown.split(',').map(|level| level.parse().unwrap()).collect();
        assert!(levels.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 8), "{shown} for {wanted:?}");
    }
}

/// Where the browser will come to, if there is one.
fn listener() -> Option<TcpListener> {
    if Command::new("chromium").arg("--version").stdout(Stdio::null()).status().is_err() {
        // not by a macro: the test runner would keep it to itself
        stderr().write_all(b"chromium_plays_films: skipped: no chromium in PATH\n").unwrap();
        return None;
    }
    Some(TcpListener::bind("127.0.0.1:0").unwrap())
}

/// An animation of three frames, 200 ms each.
fn colours() -> Bytes {
    crate::start();
    let pixels: Vec<u8> = COLOURS.iter().flat_map(|colour| colour.repeat(48 * 32)).collect();
    let stack = Image::from_pixels(&pixels, 48, 3 * 32, 3).unwrap().interpret(Interpretation::Srgb).unwrap();
    let stack = stack.edit(|edit| {
        edit.set_int(c"page-height", 32);
        edit.set_ints(c"delay", &[200; 3]);
    });
    stack.unwrap().save_gif(1, 0.0, Keep::All).unwrap()
}

/// Opens the page. `timeout` ends the browser with all its processes, when it is told to or patience is over.
fn browser(address: SocketAddr, profile: &Path) -> Child {
    Command::new("timeout")
        .args([PATIENCE, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
        .args(["--disable-sync", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"])
        .arg("--remote-debugging-port=0") // keeps it open after the page has loaded
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("http://{address}/"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Answers one request, or hears what the browser has to say.
fn serve(mut stream: &TcpStream, film: &[u8], tell: &Sender<Option<String>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let _head = lines.take_while(|line| !line.is_empty()).count();
    let path = request.split(' ').nth(1).unwrap();
    if let Some(said) = path.strip_prefix("/said?") {
        tell.send(Some(said.to_owned())).unwrap();
    }
    let (kind, body) = match path {
        "/" => ("text/html", PAGE.as_bytes()),
        "/film.mp4" => (OutputFormat::Mp4.media_type(), film),
        _ => ("text/plain", &b""[..]),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // a browser may hang up on what it no longer needs
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
