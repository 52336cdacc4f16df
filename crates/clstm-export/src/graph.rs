//! Building ONNX graphs: nodes, constants and nested graphs. Field numbers are those of
//! [onnx.proto](https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

use crate::WeightPrecision;
use crate::protobuf::Message;

/// Version of the operators: the oldest that has all that is used, for the sake of older runtimes.
const OPSET: i64 = 17;
/// Version of the file format that belongs to it.
const IR_VERSION: i64 = 8;

/// The name of a tensor.
pub(crate) type Name = String;

/// Type of the elements of a tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ElementType {
    Float,
    Int8,
    Int64,
    Bool,
    Double,
}

impl ElementType {
    /// `TensorProto.DataType`.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Float => 1,
            Self::Int8 => 3,
            Self::Int64 => 7,
            Self::Bool => 9,
            Self::Double => 11,
        }
    }
}

/// A dimension of an input or output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dimension {
    Fixed(usize),
    /// The same for all tensors that name it.
    Dynamic(&'static str),
}

/// An attribute of a node.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Int(&'static str, i64),
    Ints(&'static str, Vec<i64>),
    Text(&'static str, &'static str),
    Graph(&'static str, Message),
}

impl Attribute {
    fn encode(&self) -> Message {
        let named = |name: &str, code| Message::default().text(1, name).int(20, code);
        match self {
            Self::Int(name, value) => named(name, 2).int(3, *value),
            Self::Text(name, value) => named(name, 3).text(4, value),
            Self::Graph(name, graph) => named(name, 5).message(6, graph),
            Self::Ints(name, values) => named(name, 7).each(values, |m, value| m.int(8, *value)),
        }
    }
}

/// Nodes of the graph that is being built, and of those that surround it. Names are unique among all; constants
/// belong to the outermost graph.
#[derive(Debug)]
pub(crate) struct GraphBuilder {
    /// Nodes of the open graphs, the innermost last.
    open: Vec<Vec<Message>>,
    constants: Vec<Message>,
    names: usize,
    /// Of the weights.
    pub(crate) precision: WeightPrecision,
}

impl GraphBuilder {
    pub(crate) fn new(precision: WeightPrecision) -> Self {
        Self { open: vec![Vec::new()], constants: Vec::new(), names: 0, precision }
    }

    /// A new name.
    pub(crate) fn name(&mut self, kind: &str) -> Name {
        self.names += 1;
        format!("{}_{}", kind.to_lowercase(), self.names)
    }

    /// Adds a node with one output.
    pub(crate) fn node(&mut self, kind: &str, inputs: &[&str], attributes: &[Attribute]) -> Name {
        self.nodes(kind, inputs, attributes, 1).swap_remove(0)
    }

    /// Adds a node with several outputs.
    pub(crate) fn nodes(
        &mut self,
        kind: &str,
        inputs: &[&str],
        attributes: &[Attribute],
        outputs: usize,
    ) -> Vec<Name> {
        let names: Vec<Name> = (0..outputs).map(|_| self.name(kind)).collect();
        self.push(kind, inputs, &names, attributes);
        names
    }

    /// Adds a node with one output to the outermost graph, where it is computed once: its inputs are constants.
    pub(crate) fn constant_node(
        &mut self,
        kind: &str,
        inputs: &[&str],
        attributes: &[Attribute],
    ) -> Name {
        let name = self.name(kind);
        let node = encode_node(kind, inputs, std::slice::from_ref(&name), attributes);
        let nodes = self.open.first_mut();
        nodes.expect("the outermost graph is open").push(node);
        name
    }

    /// Adds a node that names a tensor as the graph's output.
    pub(crate) fn output(&mut self, tensor: &str, name: &str) {
        self.push("Identity", &[tensor], &[name.to_owned()], &[]);
    }

    fn push(&mut self, kind: &str, inputs: &[&str], outputs: &[Name], attributes: &[Attribute]) {
        let node = encode_node(kind, inputs, outputs, attributes);
        let nodes = self.open.last_mut();
        nodes.expect("the outermost graph is open").push(node);
    }

    /// A constant of `f32`.
    pub(crate) fn floats(&mut self, values: &[f32], shape: &[usize]) -> Name {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(ElementType::Float, &bytes, shape)
    }

    /// A scalar of `f32`.
    pub(crate) fn float(&mut self, value: f32) -> Name {
        self.floats(&[value], &[])
    }

    /// A scalar of `f64`.
    pub(crate) fn double(&mut self, value: f64) -> Name {
        self.constant(ElementType::Double, &value.to_le_bytes(), &[])
    }

    /// A constant of `i8`.
    pub(crate) fn bytes(&mut self, values: &[i8], shape: &[usize]) -> Name {
        let bytes: Vec<u8> = values.iter().map(|value| value.cast_unsigned()).collect();
        self.constant(ElementType::Int8, &bytes, shape)
    }

    /// A vector of integers.
    pub(crate) fn ints(&mut self, values: &[i64]) -> Name {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(ElementType::Int64, &bytes, &[values.len()])
    }

    /// A scalar integer.
    pub(crate) fn int(&mut self, value: usize) -> Name {
        self.constant(ElementType::Int64, &(value as i64).to_le_bytes(), &[])
    }

    /// A scalar that is true.
    pub(crate) fn truth(&mut self) -> Name {
        self.constant(ElementType::Bool, &[1], &[])
    }

    fn constant(&mut self, element: ElementType, bytes: &[u8], shape: &[usize]) -> Name {
        let name = self.name("constant");
        let tensor = Message::default()
            .each(shape, |tensor, size| tensor.int(1, *size as i64))
            .int(2, element.code())
            .text(8, &name)
            .bytes(9, bytes);
        self.constants.push(tensor);
        name
    }

    /// Opens a nested graph: nodes belong to it until [`close`](Self::close).
    pub(crate) fn open(&mut self) {
        self.open.push(Vec::new());
    }

    /// The nested graph that was opened last, with these inputs and outputs.
    pub(crate) fn close(&mut self, inputs: &[Value], outputs: &[Value]) -> Message {
        let nodes = self.open.pop().unwrap_or_default();
        let name = self.name("body");
        graph(&nodes, &name, &[], inputs, outputs)
    }

    /// The model file of the outermost graph.
    pub(crate) fn finish(
        mut self,
        inputs: &[Value],
        outputs: &[Value],
        description: &str,
        metadata: &[(&str, String)],
    ) -> Vec<u8> {
        let nodes = self.open.pop().unwrap_or_default();
        let graph = graph(&nodes, "clstm", &self.constants, inputs, outputs);
        let opset = Message::default().text(1, "").int(2, OPSET);
        let property =
            |(name, value): &(&str, String)| Message::default().text(1, name).text(2, value);
        Message::default()
            .int(1, IR_VERSION)
            .text(2, "clstm")
            .text(3, env!("CARGO_PKG_VERSION"))
            .text(6, description)
            .message(7, &graph)
            .message(8, &opset)
            .each(metadata, |model, item| model.message(14, &property(item)))
            .into_bytes()
    }
}

/// An input or output of a graph.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: Name,
    pub(crate) element: ElementType,
    pub(crate) shape: Vec<Dimension>,
}

impl Value {
    pub(crate) fn new(name: &str, element: ElementType, shape: &[Dimension]) -> Self {
        Self { name: name.to_owned(), element, shape: shape.to_vec() }
    }

    fn encode(&self) -> Message {
        let shape = Message::default().each(&self.shape, |shape, dimension| {
            let dimension = match dimension {
                Dimension::Fixed(size) => Message::default().int(1, *size as i64),
                Dimension::Dynamic(name) => Message::default().text(2, name),
            };
            shape.message(1, &dimension)
        });
        let tensor = Message::default().int(1, self.element.code()).message(2, &shape);
        let kind = Message::default().message(1, &tensor);
        Message::default().text(1, &self.name).message(2, &kind)
    }
}

fn encode_node(kind: &str, inputs: &[&str], outputs: &[Name], attributes: &[Attribute]) -> Message {
    Message::default()
        .each(inputs, |node, input| node.text(1, input))
        .each(outputs, |node, output| node.text(2, output))
        .text(3, &outputs[0])
        .text(4, kind)
        .each(attributes, |node, attribute| node.message(5, &attribute.encode()))
}

fn graph(
    nodes: &[Message],
    name: &str,
    constants: &[Message],
    inputs: &[Value],
    outputs: &[Value],
) -> Message {
    Message::default()
        .each(nodes, |graph, node| graph.message(1, node))
        .text(2, name)
        .each(constants, |graph, tensor| graph.message(5, tensor))
        .each(inputs, |graph, input| graph.message(11, &input.encode()))
        .each(outputs, |graph, output| graph.message(12, &output.encode()))
}
