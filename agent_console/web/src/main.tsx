// The desk: log-in, an agent's page with its telephone, an officer's dockets. Bundled at set-up (sunwai/setup_web.py).

import { render } from "preact";
import { attempt } from "./ask";
import { listenToKeys } from "./keys";
import { begin } from "./session";
import { Desk } from "./views/desk";

const place = document.getElementById("desk");
if (place) render(<Desk />, place);
listenToKeys();
void attempt(begin);
