// Shape beside colour and word: the state of an agent is never told by colour alone.

import type { Agent } from "./shapes";

export const MARKS: Record<Agent["state"], string> = {
  ready: "●",
  break: "▲",
  wrap_up: "◆",
  offered: "☎",
  talking: "☎",
  not_answering: "■",
  off: "○",
};
