// Lines over a day: the only file that knows uPlot.

import uPlot from "uplot";

/** One picture: what it counts today, and a week before as a thin line. `hours` are 0..24 of the line's day. */
export interface Picture {
  hours: number[];
  today: (number | null)[];
  before: number[];
}

const HEIGHT = 140;

/** Draws into `place`; the returned function takes it away again. */
export function drawChart(place: HTMLElement, picture: Picture, colour: string, soft: string): () => void {
  const axis = { stroke: soft, grid: { stroke: soft, width: 0.25 }, ticks: { show: false } };
  const chart = new uPlot(
    {
      width: place.clientWidth || 320,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [0, 24] }, y: { range: (_, __, most) => [0, Math.max(4, most)] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((hour) => `${hour}`), incrs: [3, 6] },
        { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] },
      ],
      series: [{}, { stroke: soft, width: 1, dash: [4, 4] }, { stroke: colour, width: 2, spanGaps: false }],
    },
    [picture.hours, picture.before, picture.today],
    place,
  );
  const resized = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT }));
  resized.observe(place);
  return () => {
    resized.disconnect();
    chart.destroy();
  };
}
