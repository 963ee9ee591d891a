//! Videos in a real browser: Chromium plays them, seeks in them, and shows their colours.

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

/// Seconds after which a browser that sends no result is killed.
const PATIENCE: &str = "90";

/// One colour per frame, saturated enough that a wrong matrix or range is visible.
const COLOURS: [[u8; 3]; 3] = [[220, 20, 60], [60, 179, 113], [65, 105, 225]];

/// Seeks to each frame of the video, and reports the size, duration and colours that are shown.
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
// as a blob the video is loaded completely: a browser can only seek where range requests are supported
fetch("/video.mp4").then(answer => answer.blob()).then(blob => video.src = URL.createObjectURL(blob));
</script>"#;

#[test]
fn chromium_plays_videos() {
    let Some(listener) = listener() else { return };
    let video = crate::ask(&colours(), "format=mp4").unwrap().bytes;
    let address = listener.local_addr().unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut browser = browser(address, profile.path());
    let process = browser.id().to_string();
    let (tell, told) = channel();
    let visitors = tell.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (video, tell) = (video.clone(), visitors.clone());
            // browsers open spare connections: the test must not block on one that sends nothing
            thread::spawn(move || serve(&stream.unwrap(), &video, &tell));
        }
    });
    let watch = thread::spawn(move || {
        browser.wait().unwrap();
        // also ends if the browser exits without a result
        let _ = tell.send(None);
    });
    let said = told.recv().unwrap();
    Command::new("kill").arg(process).status().unwrap();
    watch.join().unwrap();
    let said = said.expect("the browser exited without a result");
    let parts: Vec<_> = said.split('_').collect();
    let [size, length, red, green, blue, "ended"] = parts[..] else { panic!("{said}") };
    assert_eq!((size, length), ("48x32", "600ms"));
    for (shown, wanted) in [red, green, blue].into_iter().zip(COLOURS) {
        let levels: Vec<u8> = shown.split(',').map(|level| level.parse().unwrap()).collect();
        assert!(levels.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 8), "{shown} for {wanted:?}");
    }
}

/// The path of the browser, if one is installed.
fn listener() -> Option<TcpListener> {
    if Command::new("chromium").arg("--version").stdout(Stdio::null()).status().is_err() {
        // not by a macro, whose output the test runner captures
        stderr().write_all(b"chromium_plays_videos: skipped: no chromium in PATH\n").unwrap();
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

/// Opens the page. `timeout` kills the browser with all its processes, on a signal or after [`PATIENCE`].
fn browser(address: SocketAddr, profile: &Path) -> Child {
    Command::new("timeout")
        .args([PATIENCE, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
        .args(["--disable-sync", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"])
        .arg("--remote-debugging-port=0") // keeps the browser open after the page has loaded
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("http://{address}/"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Responds to one request; returns the browser's result if the request carries it.
fn serve(mut stream: &TcpStream, video: &[u8], tell: &Sender<Option<String>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let _head = lines.take_while(|line| !line.is_empty()).count();
    let path = request.split(' ').nth(1).unwrap();
    if let Some(said) = path.strip_prefix("/said?") {
        tell.send(Some(said.to_owned())).unwrap();
    }
    let (kind, body) = match path {
        "/" => ("text/html", PAGE.as_bytes()),
        "/video.mp4" => (OutputFormat::Mp4.media_type(), video),
        _ => ("text/plain", &b""[..]),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // a browser may close the connection early
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
