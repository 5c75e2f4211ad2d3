// Marks across the bars of a chart.

/** A short line across a row at each value: where something was to be. Rows without a value have none. */
export function ticks(id, values, color, scale, half = 0.42) {
  return {
    id,
    type: "custom",
    silent: true,
    z: 5,
    encode: { x: 1, y: 0 },
    data: values.map((value, n) => [n, value ?? NaN]),
    renderItem: (_, api) => {
      const value = api.value(1);
      if (Number.isNaN(value)) return null;
      const [x, y] = api.coord([value, api.value(0)]);
      const height = api.size([0, 1])[1] * half;
      return { type: "line", shape: { x1: x, y1: y - height, x2: x, y2: y + height }, style: { stroke: color, lineWidth: 2.5 * scale } };
    },
  };
}
