// The telephone in the page: the only file that knows JsSIP. One account, one call at a time, sound only.

import JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";
import type { Account } from "./shapes";

/** agent_console/relays.py: why the way to the exchange was closed. */
const SESSION_OVER = 4401;
const TAKEN_OVER = 4409;
const REFUSALS = [401, 403, 404];

/** One way of ending is not telling it: the exchange then takes the caller back (design 1, I4). */
export interface PhoneEvents {
  /** It can be rung now, or cannot. */
  registered(yes: boolean): void;
  /** The account is refused: it was made for another session, or the exchange has forgotten it. */
  refused(): void;
  /** Another page of this agent has the telephone now. */
  takenOver(): void;
  /** It rings for this call; `rejoin`: the agent was in it already, and the page answers by itself. */
  ringing(callRef: string, rejoin: boolean): void;
  /** Both can hear each other. */
  up(sound: MediaStream): void;
  ended(): void;
}

/** Once closed it stays so: JsSIP itself would try again for two seconds, and take the telephone back. */
class Way extends JsSIP.WebSocketInterface {
  closed = false;

  override connect(): void {
    if (!this.closed) super.connect();
  }
}

/** SIP dialogs of a page that was reloaded are forgotten, not ended: no BYE is sent, the caller stays. */
export class Softphone {
  private readonly agent: JsSIP.UA;
  private readonly socket: Way;
  private call: RTCSession | null = null;
  private lost = false;

  constructor(
    account: Account,
    socket: string,
    private readonly events: PhoneEvents,
  ) {
    this.socket = new Way(socket);
    this.agent = new JsSIP.UA({
      sockets: [this.socket],
      uri: `sip:${account.user}@${account.address}`,
      authorization_user: account.user,
      password: account.password,
      register: true,
      register_expires: 300,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
      user_agent: "Sunwai desk",
    });
    this.agent.on("registered", () => this.isRegistered());
    this.agent.on("unregistered", () => events.registered(false));
    this.agent.on("registrationFailed", ({ response }) => this.isRefused(response?.status_code));
    this.agent.on("disconnected", (gone) => this.isCut(gone.code));
    this.agent.on("newRTCSession", (coming: RTCSessionEvent) => this.comes(coming as IncomingRTCSessionEvent));
  }

  /** Both are connected: nothing may stop it now but the two of them. */
  get talks(): boolean {
    return this.call?.isEstablished() ?? false;
  }

  start(): void {
    this.agent.start();
  }

  /** Out of the exchange; a call that goes on is ended with it. */
  stop(): void {
    this.call = null;
    this.socket.closed = true;
    this.agent.stop();
  }

  answer(microphone: MediaStream): void {
    const call = this.call;
    if (!call) return;
    call.on("icecandidate", ({ candidate, ready }) => {
      // One way to us is enough, since the exchange learns the others by our checks; waiting for all costs 120 ms.
      if (candidate.protocol === "udp" && !candidate.address?.includes(":")) ready();
    });
    call.answer({ mediaStream: microphone, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
  }

  /** The line says that this call is over, though its BYE never reached us. */
  forget(): void {
    const call = this.call;
    this.call = null;
    if (call && !call.isEnded()) call.terminate();
  }

  mute(yes: boolean): void {
    if (yes) this.call?.mute({ audio: true });
    else this.call?.unmute({ audio: true });
  }

  /** Another microphone in the call that goes on. */
  async speakThrough(track: MediaStreamTrack): Promise<void> {
    await this.call?.connection?.getSenders()[0]?.replaceTrack(track);
  }

  /** A key as the caller's exchange understands it (RFC 4733). */
  key(key: string): void {
    this.call?.sendDTMF(key, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
  }

  private isRegistered(): void {
    this.events.registered(true);
    // After a lost socket the exchange still sends this call's words to the old one: a re-INVITE tells it the new.
    if (this.lost && this.call?.isEstablished()) this.call.renegotiate({ useUpdate: false });
    this.lost = false;
  }

  /** An account is refused by the exchange's own word; a way that broke comes back by itself. */
  private isRefused(status: number | undefined): void {
    this.events.registered(false);
    if (status !== undefined && REFUSALS.includes(status)) this.events.refused();
  }

  private isCut(code: number | undefined): void {
    this.lost = true;
    this.events.registered(false);
    if (code === TAKEN_OVER || code === SESSION_OVER) {
      this.stop();
      if (code === TAKEN_OVER) this.events.takenOver();
    }
  }

  private comes(coming: IncomingRTCSessionEvent): void {
    const call = coming.session;
    if (coming.originator !== "remote") return;
    const rejoin = coming.request.hasHeader("X-Sunwai-Rejoin");
    if (this.call && !this.call.isEnded()) {
      if (!rejoin) {
        call.terminate({ status_code: 486 });
        return;
      }
      this.forget(); // a leg that died while we were away; the new one is of the same call
    }
    this.call = call;
    call.on("confirmed", () => this.isUp(call));
    call.on("ended", () => this.isOver(call));
    call.on("failed", () => this.isOver(call));
    this.events.ringing(coming.request.getHeader("X-Sunwai-Call") ?? "", rejoin);
  }

  private isUp(call: RTCSession): void {
    if (this.call !== call) return;
    const tracks = call.connection.getReceivers().map((receiver) => receiver.track);
    this.events.up(new MediaStream(tracks));
  }

  private isOver(call: RTCSession): void {
    if (this.call !== call) return;
    this.call = null;
    this.events.ended();
  }
}
