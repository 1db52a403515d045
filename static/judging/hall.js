// The clock of the hall, and what both screens know of a board. Times come from the server; the device's own clock only
// measures how long ago it heard them.

const started = performance.now();

// Milliseconds since the epoch by the server's clock.
export function serverNow(renderedAt) {
  return Date.parse(renderedAt) + (performance.now() - started);
}

// Seconds left on the clock, negative when over; null where no clock runs.
export function secondsLeft(clock, now) {
  if (!clock) return null;
  const until = clock.paused_at ? Date.parse(clock.paused_at) : now;
  const gone = Math.floor((until - Date.parse(clock.started_at)) / 1000) - clock.paused_seconds;
  return clock.total - gone;
}

export function minutes(seconds) {
  const whole = Math.abs(seconds);
  return `${seconds < 0 ? "超 " : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// "ok", "near" in the last minute or as set, "over" after the bell.
export function urgency(clock, seconds) {
  if (seconds <= 0) return "over";
  return seconds <= clock.warning ? "near" : "ok";
}

let audio = null;

// A bell needs a click on the page first; without one it stays silent, and the colour and the word say the same.
export function allowBell() {
  try {
    audio ||= new AudioContext();
    audio.resume();
  } catch {
    audio = null;
  }
}

export function bell(times) {
  if (!audio || audio.state !== "running") return;
  for (let i = 0; i < times; i += 1) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + i * 0.6;
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.5, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.5);
  }
}
