import {create, toBinary} from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';

/** A model for onnxruntime: the graph, and the weights that it names as external data. */
export type OnnxModel = {
  readonly graph: Uint8Array<ArrayBuffer>;
  readonly weights: Uint8Array<ArrayBuffer>;
  /** By which name the graph refers to `weights`. */
  readonly weightsName: string;
};

/** A number is a fixed size, a name one that is known at run time. */
export type Dimension = number | string;
type ElementType = 'f32' | 'i32' | 'i64' | 'u8';
type Attribute =
  | {readonly int: number}
  | {readonly ints: readonly number[]}
  | {readonly float: number};

export type GraphNode = {
  readonly op: string;
  /** `microsoft`: onnxruntime's own operators. */
  readonly domain?: 'microsoft';
  /** '' leaves an optional input out. */
  readonly inputs: readonly string[];
  /** '' leaves an optional output out. */
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
};

const MICROSOFT = 'com.microsoft';
const ONNX_OPSET = 21n;
const IR_VERSION = 10n;
const WEIGHTS_NAME = 'weights';
const ALIGNMENT_BYTES = 64;
const ELEMENT = {
  f32: TensorProto_DataType.FLOAT,
  i32: TensorProto_DataType.INT32,
  i64: TensorProto_DataType.INT64,
  u8: TensorProto_DataType.UINT8,
} as const;

/**
 * Puts an ONNX model together. Weights are written last, straight into one
 * buffer of external data: inline they would double the peak of memory.
 */
export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initialisers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #shapes: ValueInfoProto[] = [];
  readonly #fills: ((buffer: ArrayBuffer) => void)[] = [];
  #weightBytes = 0;

  input(name: string, type: ElementType, dimensions: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, type, dimensions));
    return name;
  }

  output(name: string, type: ElementType, dimensions: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, dimensions));
  }

  /** What onnxruntime cannot infer of a node's output. @returns `name`. */
  shape(name: string, type: ElementType, dimensions: readonly Dimension[]): string {
    this.#shapes.push(valueInfo(name, type, dimensions));
    return name;
  }

  /** @returns the node's first output. */
  node({op, domain, inputs, outputs, attributes = {}}: GraphNode): string {
    const [first = ''] = outputs;
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: op,
        name: `${outputs.find((name) => name !== '') ?? op}.${op}`,
        domain: domain === 'microsoft' ? MICROSOFT : '',
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      }),
    );
    return first;
  }

  /** A constant of f32 values that `fill` writes when the model is built. */
  weights(name: string, shape: readonly number[], fill: (values: Float32Array) => void): string {
    const valueBytes = Float32Array.BYTES_PER_ELEMENT;
    return this.#external({name, type: 'f32', shape, valueBytes}, (buffer, offset, length) => {
      fill(new Float32Array(buffer, offset, length / valueBytes));
    });
  }

  /** A constant of bytes that `fill` writes when the model is built. */
  bytes(name: string, shape: readonly number[], fill: (values: Uint8Array) => void): string {
    return this.#external({name, type: 'u8', shape, valueBytes: 1}, (buffer, offset, length) => {
      fill(new Uint8Array(buffer, offset, length));
    });
  }

  #external(
    constant: {
      readonly name: string;
      readonly type: ElementType;
      readonly shape: readonly number[];
      readonly valueBytes: number;
    },
    fill: (buffer: ArrayBuffer, offset: number, length: number) => void,
  ): string {
    const {name, type, shape, valueBytes} = constant;
    const offset = this.#weightBytes;
    const length = shape.reduce((product, size) => product * size, valueBytes);
    this.#weightBytes += Math.ceil(length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    this.#fills.push((buffer) => {
      fill(buffer, offset, length);
    });
    this.#initialisers.push(
      create(TensorProtoSchema, {
        name,
        dataType: ELEMENT[type],
        dims: shape.map(BigInt),
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries({location: WEIGHTS_NAME, offset, length}).map(([key, value]) =>
          create(StringStringEntryProtoSchema, {key, value: String(value)}),
        ),
      }),
    );
    return name;
  }

  /** A small constant vector of i64: an axis, a size. */
  integers(name: string, values: readonly number[]): string {
    this.#initialisers.push(
      create(TensorProtoSchema, {
        name,
        dataType: TensorProto_DataType.INT64,
        dims: [BigInt(values.length)],
        int64Data: values.map(BigInt),
      }),
    );
    return name;
  }

  /** A small constant vector of f32: a scale, a cap. */
  numbers(name: string, values: readonly number[]): string {
    this.#initialisers.push(
      create(TensorProtoSchema, {
        name,
        dataType: TensorProto_DataType.FLOAT,
        dims: [BigInt(values.length)],
        floatData: [...values],
      }),
    );
    return name;
  }

  build(name: string): OnnxModel {
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'weft',
      opsetImport: [
        create(OperatorSetIdProtoSchema, {domain: '', version: ONNX_OPSET}),
        create(OperatorSetIdProtoSchema, {domain: MICROSOFT, version: 1n}),
      ],
      graph: create(GraphProtoSchema, {
        name,
        node: this.#nodes,
        initializer: this.#initialisers,
        input: this.#inputs,
        output: this.#outputs,
        valueInfo: this.#shapes,
      }),
    });
    const buffer = new ArrayBuffer(this.#weightBytes);
    for (const fill of this.#fills) fill(buffer);
    return {
      graph: toBinary(ModelProtoSchema, model),
      weights: new Uint8Array(buffer),
      weightsName: WEIGHTS_NAME,
    };
  }
}

function attributeOf(name: string, value: Attribute): AttributeProto {
  const {INT, INTS, FLOAT} = AttributeProto_AttributeType;
  if ('float' in value) return create(AttributeProtoSchema, {name, f: value.float, type: FLOAT});
  if ('int' in value) return create(AttributeProtoSchema, {name, i: BigInt(value.int), type: INT});
  return create(AttributeProtoSchema, {name, ints: value.ints.map(BigInt), type: INTS});
}

function valueInfo(
  name: string,
  type: ElementType,
  dimensions: readonly Dimension[],
): ValueInfoProto {
  const dim = dimensions.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'string'
          ? {case: 'dimParam', value: size}
          : {case: 'dimValue', value: BigInt(size)},
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: ELEMENT[type],
    shape: create(TensorShapeProtoSchema, {dim}),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {value: {case: 'tensorType', value: tensor}}),
  });
}
