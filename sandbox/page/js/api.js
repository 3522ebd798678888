/**
 * The control sides of Harbor and Telegram, call by call (docs/sandbox.md).
 *
 * Guarantees: what is done here reaches the counterparties in the order in which it was done; a browser
 * brings requests that it makes side by side in any order.
 * Errors: `Refused` when the counterparty said no, `Unreachable` when nobody answered.
 */

export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `refused (${status})`);
    this.status = status;
    this.code = error?.code;
    this.domain = error?.domain;
  }
}

/** A refusal's number, as the firmware says it, for the end of a sentence; "" where there is none. */
export const codeSaid = (error) => (typeof error.code === "number" ? ` (${error.code})` : "");

export class Unreachable extends Error {}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (cause) {
    throw new Unreachable("the sandbox does not answer", { cause });
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer?.error);
  return answer;
}

/** Resolves when what was done before has been answered. */
let before = Promise.resolve();

function inTurn(method, path, body) {
  const answered = before.then(() => call(method, path, body));
  before = answered.catch(() => {});
  return answered;
}

const get = (path) => call("GET", path);
const post = (path, body = {}) => inTurn("POST", path, body);
const put = (path, body) => inTurn("PUT", path, body);
const patch = (path, body) => inTurn("PATCH", path, body);

/** What both control sides share. */
function side(base) {
  return {
    base,
    state: () => get(`${base}/state`),
    stateAfter: (revision, wait) => get(`${base}/state?after=${revision}&wait=${wait}`),
    wire: (after = 0) => get(`${base}/wire?after=${after}`),
    faults: () => get(`${base}/faults`),
    setFaults: (faults) => put(`${base}/faults`, faults),
  };
}

const HARBOR = "/harbor/sandbox";
const TELEGRAM = "/telegram/sandbox";

const towerPath = (tower) => `${HARBOR}/towers/${encodeURIComponent(tower)}`;
const lockerPath = (tower, locker) => `${towerPath(tower)}/lockers/${locker}`;

export const harbor = {
  ...side(HARBOR),
  openByToken: (tower, { payload, payloadAuth }) =>
    post(`${towerPath(tower)}/hold`, { payload, payload_auth: payloadAuth }),
  keypad: (tower, digits) => post(`${towerPath(tower)}/keypad`, { digits }),
  putIn: (tower, locker, parcel) => post(`${lockerPath(tower, locker)}/put-in`, { parcel }),
  takeOut: (tower, locker) => post(`${lockerPath(tower, locker)}/take-out`),
  close: (tower, locker) => post(`${lockerPath(tower, locker)}/close`),
  setStatus: (tower, locker, status) => post(`${lockerPath(tower, locker)}/status`, { status }),
  sync: (tower) => post(`${towerPath(tower)}/sync`),
  setAutomaticSync: (automatic) => put(`${HARBOR}/sync`, { automatic }),
  lookAtLink: (link) => post(`${HARBOR}/links/look`, { link }),
  openLink: (link, outcome) => post(`${HARBOR}/links/open`, { link, outcome }),
  doesNotFit: (link) => post(`${HARBOR}/links/doesnt-fit`, { link }),
};

const person = (id) => `${TELEGRAM}/people/${id}`;

export const telegram = {
  ...side(TELEGRAM),
  makePerson: (details) => post(`${TELEGRAM}/people`, details),
  changePerson: (id, change) => patch(person(id), change),
  chat: (id) => get(`${person(id)}/chat`),
  open: (id, link) => post(`${person(id)}/open`, link ? { link } : {}),
  text: (id, text) => post(`${person(id)}/text`, { text }),
  contact: (id) => post(`${person(id)}/contact`),
  location: (id, latitude, longitude) => post(`${person(id)}/location`, { latitude, longitude }),
  sticker: (id) => post(`${person(id)}/sticker`),
  photo: (id, caption) => post(`${person(id)}/photo`, caption ? { caption } : {}),
  file: (id, kind) => post(`${person(id)}/file`, { kind }),
  edit: (id, messageId, text) => post(`${person(id)}/edit`, { message_id: messageId, text }),
  press: (id, messageId, data) => post(`${person(id)}/press`, { message_id: messageId, data }),
  pick: (id, requestId, userIds) => post(`${person(id)}/pick`, { request_id: requestId, user_ids: userIds }),
  block: (id) => post(`${person(id)}/block`),
  unblock: (id) => post(`${person(id)}/unblock`),
  vanish: (id) => post(`${person(id)}/vanish`),
  setLimits: (enforced) => put(`${TELEGRAM}/limits`, { enforced }),
};

/** The stage's own calls: one clock, one way to begin anew, and how each tower is opened. */
export const stage = {
  turn: (seconds) => post(`${HARBOR}/clock`, { turn: seconds }),
  openers: () => get("/sandbox/openers"),
  reset: () => post("/sandbox/reset"),
};

/** Where the picture of a message is served. */
export function photoUrl(message) {
  return fileUrl(message.photo_url);
}

/** Where a file of Telegram's is served, by its path below the control side. */
export function fileUrl(path) {
  if (!path) return null;
  return path.startsWith("/sandbox/") ? `/telegram${path}` : `${TELEGRAM}/${path.replace(/^\//, "")}`;
}
