// The board's model on a page without a kernel: a table of plans in 16 bits a number, and the words for them.
// The words are those of words.py and results/numerals.py, to which a test holds them.
// Not here: what is seen (hands.js).

/** Write a number with so many places; what lies in the middle goes to the even side, as Python has it. */
function fixed(value, places) {
  let text = value.toFixed(places);
  if (places === 0 && Math.abs(value % 1) === 0.5) text = (2 * Math.round(value / 2)).toFixed(0);
  const [whole, rest] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

const trimmed = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);

function number(value, digits = 2) {
  if (Number.isNaN(value)) return "unknown";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (value === 0 || size >= 10 ** (digits - 1) - 0.05) text = fixed(value, 0);
  else if (size >= 0.95) text = trimmed(fixed(value, digits - 1 - (size >= 9.95 ? 1 : 0)));
  else if (size >= 0.99e-5) text = trimmed(fixed(value, digits - 1 - Math.floor(Math.log10(size * 1.0001))));
  else {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const raise = (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)];
    const raised = String(Number(exponent)).replace(/[-0-9]/g, raise);
    text = `${Number(mantissa)}·10${raised}`.replace(/^1·/, "");
  }
  return text.replaceAll("-", "−");
}

function percent(share, digits = 2) {
  if (Number.isNaN(share)) return "unknown";
  const value = Math.round(share * 100 * 1e9) / 1e9;
  if (digits > 2) return `${number(value, digits)}\u00a0%`;
  if (value > 0 && value < 0.1) return "<\u00a00.1\u00a0%";
  if (value > 99.9 && value < 100) return ">\u00a099.9\u00a0%";
  const whole = (value >= 9.95 && value <= 99.4) || value === 0 || value === 100;
  return `${trimmed(fixed(value, whole ? 0 : 1))}\u00a0%`;
}

function minutesOf(value, digits = 2) {
  if (Number.isNaN(value)) return "unknown";
  if (!Number.isFinite(value)) return "∞";
  if (value < 9.95) return `${number(value, digits)}\u00a0min`;
  const whole = Number(value.toFixed(0));
  if (whole < 120) return `${digits === 2 ? whole : Number(value.toFixed(1))}\u00a0min`;
  if (whole >= 144000) return `${fixed(value / 1440, digits === 2 ? 0 : 1)}\u00a0days`;
  let [days, hours, minutes] = [Math.floor(whole / 1440), Math.floor((whole % 1440) / 60), whole % 60];
  if (days && digits === 2) {
    hours += minutes >= 30 ? 1 : 0;
    [days, hours, minutes] = [days + Math.floor(hours / 24), hours % 24, 0];
  }
  const parts = [[days, "d"], [hours, "h"], [minutes, "min"]].filter(([n]) => n);
  return parts.map(([n, unit]) => `${n}\u00a0${unit}`).join("\u00a0");
}

const WRITERS = { probability: percent, "share of traffic": percent, minutes: minutesOf };
const writer = (unit) => WRITERS[unit] ?? number;
const after = (unit) => (unit in WRITERS ? "" : ` ${unit}`);
const digitsOf = (low, high, write) => (low < high && write(low, 2) === write(high, 2) ? 3 : 2);
const amount = (value, unit, digits = 2) => `${writer(unit)(value, digits)}${after(unit)}`;

function between(low, high, unit) {
  const write = writer(unit);
  const digits = digitsOf(low, high, write);
  const [a, b] = [write(low, digits), write(high, digits)];
  const unknown = Number.isNaN(low) && Number.isNaN(high);
  return `${a === b ? a : `${a} to ${b}`}${unknown ? "" : after(unit)}`;
}

function sign([value, low, high]) {
  if (Number.isNaN(value)) return "unknown";
  if (value === 0 && low === 0 && high === 0) return "same";
  if (Number.isNaN(low) || Number.isNaN(high)) return "unknown";
  return high < 0 ? "better" : low > 0 ? "worse" : "open";
}

function signedAmount(value, unit, digits = 2, bare = false) {
  const mark = value > 0 ? "+" : value < 0 ? "−" : "";
  if (unit === "minutes") return `${mark}${minutesOf(Math.abs(value), digits)}`;
  const points = unit === "probability" || unit === "share of traffic";
  const text = number(Math.abs(value) * (points ? 100 : 1), digits);
  return bare ? `${mark}${text}` : `${mark}${text}\u00a0${points ? "points" : unit}`;
}

function difference(apart, unit) {
  const [value, low, high] = apart;
  const kind = sign(apart);
  if (Number.isNaN(value)) return "unknown";
  if (kind === "same") return "as today";
  if (kind === "unknown") return `${signedAmount(value, unit)} (interval unknown)`;
  const digits = Math.max(...[low, high].map((end) => digitsOf(Math.abs(end), Math.abs(value), number)));
  const ends = [low, high].map((end) => signedAmount(end, unit, digits, true));
  return `${signedAmount(value, unit, digits)} (${ends.join(" to ")})`;
}

/** Return numbers of 16 bits of which there are first all high bytes, then all low ones. */
function whole(bytes, from, count) {
  const made = new Uint16Array(count);
  for (let n = 0; n < count; n += 1) made[n] = (bytes[from + n] << 8) | bytes[from + count + n];
  return made;
}

/** Return the bytes that a text in base64 holds, inflated. */
async function inflated(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The numbers of a table, decoded one by one: most of them nobody ever looks at. */
class Numbers {
  constructor(data, bytes) {
    const regions = data.regions.length;
    this.steps = data.steps;
    this.parts = data.steps[0].length;
    this.count = data.groupings;
    this.factors = data.factors.length;
    const size = this.steps.length * this.parts * this.factors * this.count;
    this.whole = whole(bytes, 0, size);
    this.waves = whole(bytes, 2 * size, this.count * regions);
    this.base = data.base.map((row) => row.map((each) => (each === null ? NaN : each)));
    this.places = new Map();
    for (let n = 0; n < this.count; n += 1) {
      this.places.set(this.waves.subarray(n * regions, (n + 1) * regions).join(), n);
    }
  }

  /** Return the place of a grouping, given by the wave of each region; undefined where the table does not have it. */
  place(waves) {
    return this.places.get(waves.join());
  }

  /** Return [value, low, high] of a figure, and of its difference from today's. */
  figure(figure, factor, place) {
    const at = (part) => {
      const whole = this.whole[((figure * this.parts + part) * this.factors + factor) * this.count + place];
      return whole === 65535 ? NaN : whole * this.steps[figure][part];
    };
    const [value, below, above, less, more] = [0, 1, 2, 3, 4].map(at);
    const found = value - this.base[figure][0];
    // Nothing but rounding where both are the same; yet all rollouts may differ by as much, and no doubt is left either.
    const apart = less === 0 && more === 0 && Math.abs(found) <= this.steps[figure][0] ? 0 : found;
    return [[value, Math.max(0, value - below), value + above], [apart, apart - less, apart + more]];
  }
}

const ALONE = "It is alone in the outermost wave.";

class Still {
  constructor(data, bytes) {
    this.data = data;
    this.live = false;
    this.bakes = false;
    this.acts = 0;
    this.numbers = new Numbers(data, bytes);
    this.now = { waves: data.today, choice: data.factors.indexOf(1) };
    this.before = [];
    this.after = [];
    this.listeners = [];
    this.said = "";
    this.text = null;
    this.turn = 0;
  }

  on(listener) {
    this.listeners.push(listener);
  }

  act(asked) {
    const { do: what } = asked;
    this.acts += 1;
    this.text = null;
    this.refused = "";
    if (what === "undo" || what === "redo") this.back(what);
    else if (what === "plan") {
      this.turn += 1;
      this.text = { title: "The plan", text: this.yaml(), remarks: [this.data.hint], turn: this.turn };
    } else {
      const next = this.after_act(asked);
      const other = next !== null && (next.waves.join() !== this.now.waves.join() || next.choice !== this.now.choice);
      if (next === null) this.refused = "That arrangement is not on this page; a notebook works it out";
      else if (other) {
        this.before.push(this.now);
        this.after = [];
        this.now = next;
      }
      this.tell(asked.region);
      if (what === "step" && next !== null && !other && !asked.apart) this.said = ALONE;
    }
    for (const each of this.listeners) each();
  }

  /** Return whether an act leads to a plan that the table has. */
  knows(asked) {
    return this.after_act(asked) !== null;
  }

  after_act(asked) {
    const { waves, choice } = this.now;
    if (asked.do === "choose") return { waves, choice: asked.choice };
    if (asked.do === "reset") return { waves: this.data.today, choice: this.data.factors.indexOf(1) };
    const made = waves.map((wave) => 2 * wave + 1); // odd places are waves, even ones the gaps between them
    if (asked.do === "merge") for (const [n, wave] of waves.entries()) if (wave === asked.wave) made[n] += 2;
    const region = this.data.regions.findIndex((each) => each.name === asked.region);
    if (asked.do === "move") made[region] = 2 * asked.wave + 1;
    if (asked.do === "apart") made[region] = 2 * asked.place;
    if (asked.do === "step") made[region] = this.stepped(waves, waves[region], asked);
    const used = [...new Set(made)].sort((a, b) => a - b);
    const next = made.map((place) => used.indexOf(place));
    return this.numbers.place(next) === undefined ? null : { waves: next, choice };
  }

  /** Return where a step leads: a wave, or the gap beside the outermost one, or beside its own. */
  stepped(waves, home, { by, apart }) {
    const to = home + by;
    return apart || to < 0 || to > Math.max(...waves) ? 2 * home + 1 + by : 2 * to + 1;
  }

  back(what) {
    const [from, to] = what === "undo" ? [this.before, this.after] : [this.after, this.before];
    if (!from.length) return;
    to.push(this.now);
    this.now = from.pop();
    this.tell(null, what === "undo" ? "Undone: " : "Done again: ");
  }

  tell(name, word = "") {
    const view = this.view();
    const waves = view.waves.length;
    const n = this.data.regions.findIndex((each) => each.name === name);
    const where = n >= 0 ? `${name.slice(0, 60)} is in wave ${this.now.waves[n] + 1} of ${waves}` : `${waves} waves`;
    const words = { better: "less than today", worse: "more than today", open: "perhaps as today", same: "as today" };
    const against = (figure) => words[figure.sign] ?? "how sure is unknown";
    const said = [view.figures[0], view.figures[3]].map((each) => `${each.words} ${each.value}, ${against(each)}`);
    const broken = view.remarks.filter((remark) => remark.kind === "broken").length;
    if (broken) said.push(`${broken} rule${broken === 1 ? "" : "s"} broken`);
    this.said = `${word}${where}. ${said.join("; ")}.`.replaceAll("\u00a0", " ");
  }

  /** Return today's wave that a wave does all else as: the first as the first, the last as the last, later as later. */
  alike(wave, count) {
    const theirs = this.data.kinds.length;
    if (wave === 0) return this.data.kinds[0];
    return this.data.kinds[wave === count - 1 ? theirs - 1 : Math.min(wave, Math.max(theirs - 2, 0))];
  }

  view() {
    const { data, now } = this;
    const place = this.numbers.place(now.waves);
    const count = Math.max(...now.waves) + 1;
    const factor = data.factors[now.choice];
    const isToday = now.waves.join() === data.today.join() && factor === 1;
    const marks = [...this.remarks(data.remarks, place), ...this.bakeRemarks(count, now.choice)];
    const waves = Array.from({ length: count }, (_, w) => {
      const own = data.regions.map((region, n) => ({ ...region, n })).filter(({ n }) => now.waves[n] === w);
      const share = own.reduce((sum, region) => sum + region.part, 0);
      const kind = this.alike(w, count);
      return {
        title: `Wave ${w + 1}`, name: "", share: percent(share), approval: kind.approval,
        bakeText: minutesOf(kind.bake * factor),
        marks: [...new Set(marks.filter((mark) => mark.wave === w).map((mark) => mark.kind))],
        regions: own.map((region) => ({
          name: region.name, share: percent(region.part), today: data.today[region.n],
          marks: [...new Set(marks.filter((mark) => mark.regions.includes(region.n)).map((mark) => mark.kind))],
        })),
      };
    });
    return {
      plan: data.plan, scenario: data.scenario, today: data.inWords, waves, leftOut: [],
      figures: data.figures.map((figure, n) => this.figure(figure, n, place, isToday)), remarks: marks,
      basis: data.basis, confidence: data.confidence, choices: data.choices, choice: now.choice,
      acts: this.acts, undo: this.before.length > 0, redo: this.after.length > 0, isToday, said: this.said, text: this.text,
      refused: this.refused ?? "", systems: [],
    };
  }

  figure(figure, n, place, isToday) {
    const [own, apart] = isToday ? [this.numbers.base[n], [0, 0, 0]] : this.numbers.figure(n, this.now.choice, place);
    const [value, low, high] = own;
    const digits = digitsOf(low, high, writer(figure.unit));
    const plain = (row) => row.map((each) => (Number.isFinite(each) ? each : null));
    return {
      ...figure, value: amount(value, figure.unit, digits), interval: between(low, high, figure.unit),
      today: amount(this.numbers.base[n][0], figure.unit), difference: isToday ? "" : difference(apart, figure.unit),
      sign: isToday ? "same" : sign(apart), numbers: plain(own), shadow: plain(this.numbers.base[n]),
    };
  }

  remarks(table, place) {
    return (table.of[place] ?? []).map((n) => table.texts[n]);
  }

  bakeRemarks(count, choice) {
    return this.data.bakeRemarks[choice]?.[count - 1] ?? [];
  }

  /** Return the plan as YAML; a text in JSON's quotes is one of YAML, too. */
  yaml() {
    const count = Math.max(...this.now.waves) + 1;
    const factor = this.data.factors[this.now.choice];
    const lines = Array.from({ length: count }, (_, w) => {
      const kind = this.alike(w, count);
      const here = this.data.regions.filter((_, n) => this.now.waves[n] === w);
      const own = here.map((region) => JSON.stringify(region.name));
      const bakes = [`    bake_minutes: ${this.float(kind.bake * factor)}`];
      if (kind.requests) bakes.push(`    bake_requests: ${this.float(kind.requests * factor)}`);
      return [`  - regions: [${own.join(", ")}]`, ...bakes, ...kind.rest.map((line) => `    ${line}`)].join("\n");
    });
    return `${this.data.head}waves:\n${lines.join("\n")}\n${this.data.foot}`;
  }

  float(value) {
    return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value);
  }
}

/** Put a board into a place on the page that holds a table; where it cannot be read, what is there stays. */
async function mountStill(place) {
  if (typeof DecompressionStream === "undefined") return; // browsers from before 2023 have the picture and the table
  const data = JSON.parse(place.querySelector("script[type='application/json']").textContent);
  const root = place.querySelector(".wb-here");
  new Hands(root, new Still(data, await inflated(data.packed)));
  place.querySelector(".wb-plain").hidden = true;
  root.hidden = false;
}
