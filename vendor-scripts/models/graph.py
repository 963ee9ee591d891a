"""Changes of ONNX graphs that keep what they compute."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# smaller tensors are not worth a node
LEAST_PACKED = 256
# beyond, a half float is infinite (65504)
MOST_PACKED = 60_000


def without_constant_inputs(model):
    """Old exporters list constants among the inputs, where an engine must expect them to be replaced."""
    graph = model.graph
    constants = {constant.name for constant in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    del graph.input[:]
    graph.input.extend(inputs)


def set_shape(value, sides):
    """Sides are numbers, or names of what is known at run time only."""
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for side in sides:
        dimension = shape.dim.add()
        if isinstance(side, int):
            dimension.dim_value = side
        else:
            dimension.dim_param = side


def free_size(model, channels):
    """Lets height and width of a fully convolutional model's one input, and of its outputs, be any."""
    without_constant_inputs(model)
    set_shape(model.graph.input[0], [1, 3, "H", "W"])
    for output, count in zip(model.graph.output, channels, strict=True):
        set_shape(output, [1, count, "h", "w"])
    del model.graph.value_info[:]


def pack(model):
    """Stores large weights as half floats, each followed by a cast that engines fold when they load: half the file."""
    without_constant_inputs(model)
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    constants, casts = [], []
    for constant in graph.initializer:
        if constant.name not in used:
            continue
        array = numpy_helper.to_array(constant)
        if array.dtype == np.float32 and array.size > LEAST_PACKED and np.abs(array).max() < MOST_PACKED:
            packed = constant.name + "__half"
            constants.append(numpy_helper.from_array(array.astype("f2"), packed))
            casts.append(helper.make_node("Cast", [packed], [constant.name], to=TensorProto.FLOAT))
        else:
            constants.append(constant)
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(constants)
    graph.node.extend(casts + nodes)
