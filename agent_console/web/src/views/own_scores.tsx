import { useAsked } from "../asked";
import type { Score } from "../shapes";
import { word } from "../words";
import { Listen } from "./player";
import { ScoreCard } from "./score_card";

/** What others heard in the agent's own calls; he may hear them himself and say where they are wrong. */
export function OwnScores() {
  const { found, again } = useAsked<{ scores: Score[] }>("/api/scores/mine");
  return (
    <>
      <h1>{word("view.own_scores")}</h1>
      {found && !found.scores.length && <p class="card" role="status">{word("own_scores.none")}</p>}
      <div class="columns">
        {found?.scores.map((one) => (
          <div key={`${one.call_ref}${one.scorer}`}>
            <ScoreCard score={one} changed={again} />
            <Listen call_ref={one.call_ref} part="call" reason={word("why.own")} />
          </div>
        ))}
      </div>
    </>
  );
}
