//! `crop=face` compared with its parts: one inference, and a render without face detection. Reports ratios, never
//! absolute times.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and panics on errors")]

use std::{
    env,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use bytes::Bytes;
use image_api::{Accept, Face, Params, Settings};
use ort::{session::Session, value::Tensor};
use testkit::sample;
use vips_ops::{
    Assets, Source,
    analysis::thumbnail,
    process,
    vips::{self, Deadline, Vips},
};
use vision::{INPUT_SIDE, Vision};

/// Rounds, in which both variants are measured alternately.
const ROUNDS: usize = 15;

/// Argument that makes a second process measure the model alone.
const ALONE: &str = "model-alone";

/// Images, the model's input size for each, and the crop with the same result without face detection.
const PICTURES: [(&str, [usize; 2], &str); 3] = [
    ("astronaut.png", [512, 512], "fit"),
    ("grace_hopper.jpg", [608, 512], "fit"),
    ("china.jpg", [448, 640], "entropy"),
];

fn main() {
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vendor");
    let (models, runtime) = (vendor.join("models"), vendor.join("native/lib/libonnxruntime.so"));
    if env::args().any(|argument| argument == ALONE) {
        return model_alone(&models.join("faces.onnx"), &runtime);
    }
    Vips::start(vips::Settings::default()).unwrap();
    let vision = Vision::open(&vision::Settings { models, runtime });
    println!("milliseconds per image, medians of {ROUNDS} rounds");
    println!("{:<18} {:>7} {:>7} {:>10} {:>6}", "picture", "model", "render", "crop=face", "ratio");
    for ((name, _, crop), model) in PICTURES.into_iter().zip(alone()) {
        let original = sample(name);
        let mut times: [Vec<Duration>; 2] = Default::default();
        let plain = format!("width=300&height=300&crop={crop}&quality=80");
        for _ in 0..ROUNDS {
            times[0].push(timed(|| render(&original, &[], &plain)));
            times[1].push(timed(|| {
                let faces = see(&vision, &original);
                render(&original, &faces, "width=300&height=300&crop=face&quality=80");
            }));
        }
        let [plain, face] = times.map(median);
        println!("{name:<18} {model:>7.1} {plain:>7.1} {face:>10.1} {:>6.2}", face / (model + plain));
    }
}

/// Milliseconds per inference, measured in another process: ONNX Runtime allows one environment per process.
fn alone() -> Vec<f64> {
    let output = Command::new(env::current_exe().unwrap()).arg(ALONE).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn model_alone(model: &Path, runtime: &Path) {
    let environment = ort::init_from(runtime).unwrap().build().unwrap();
    let builder = Session::builder(&environment).unwrap().with_intra_threads(1).unwrap();
    let mut session = { builder }.commit_from_file(model).unwrap();
    for (_, size, _) in PICTURES {
        println!("{}", median((0..ROUNDS).map(|_| timed(|| infer(&mut session, size))).collect()));
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// One inference, on a grey image.
fn infer(session: &mut Session, [height, width]: [usize; 2]) {
    let input = Tensor::from_array(([1, 3, height, width], vec![128.0_f32; 3 * height * width])).unwrap();
    session.run([input.into()]).unwrap();
}

/// Detects faces in an encoded image, decoding included.
fn see(vision: &Vision, original: &Bytes) -> Vec<Face> {
    let source = Source::open(original, &Settings::default().limits).unwrap();
    let image = thumbnail::upright(&source, INPUT_SIDE, &Deadline::never()).unwrap();
    let face = |face: &vision::Face| Face {
        left: face.x.into(),
        top: face.y.into(),
        width: face.width.into(),
        height: face.height.into(),
        score: face.score.into(),
        eyes: face.eyes.map(|eye| (eye.x.into(), eye.y.into())),
    };
    vision.faces(&image).unwrap().iter().map(face).collect()
}

fn render(original: &Bytes, faces: &[Face], query: &str) {
    let mut assets = Assets::default();
    faces.clone_into(&mut assets.faces);
    let params = Params::parse(query).unwrap().params;
    let (settings, deadline) = (Settings::default(), Deadline::never());
    process(&params, original, &assets, Accept::default(), &settings, &deadline, &mut |_| ()).unwrap();
}
