// Playing a recording from any point. The sound goes through Web Audio, which plays samples without loading anything.
import { useCallback, useEffect, useRef, useState } from "react";
import type { Recording } from "./wav";

export type Playback = { playing: boolean; seconds: number; toggle: () => void; seek: (seconds: number) => void };

type Running = { context: AudioContext; source: AudioBufferSourceNode; began: number };

export function usePlayback(recording: Recording | undefined): Playback {
  const running = useRef<Running | null>(null);
  const [playing, setPlaying] = useState(false);
  const [seconds, setSeconds] = useState(0);
  const length = recording === undefined ? 0 : recording.samples.length / recording.rate;

  const stop = useCallback(() => {
    const now = running.current;
    running.current = null;
    if (now === null) return;
    now.source.onended = null;
    now.source.stop();
    void now.context.close();
    setPlaying(false);
  }, []);

  const play = useCallback(
    (from: number) => {
      stop();
      if (recording === undefined) return;
      running.current = begin(recording, from, () => {
        stop();
        setSeconds(0);
      });
      setPlaying(true);
    },
    [recording, stop],
  );

  // Another recording, or leaving, ends what is playing.
  useEffect(() => {
    setSeconds(0);
    return stop;
  }, [recording, stop]);

  useEffect(() => {
    if (!playing) return;
    let frame = 0;
    const follow = () => {
      const now = running.current;
      if (now !== null) setSeconds(Math.min(length, now.context.currentTime - now.began));
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [playing, length]);

  return {
    playing,
    seconds,
    toggle: () => (playing ? stop() : play(seconds)),
    seek: (to) => {
      setSeconds(to);
      if (playing) play(to);
    },
  };
}

function begin({ rate, samples }: Recording, from: number, onEnded: () => void): Running {
  const context = new AudioContext();
  const buffer = context.createBuffer(1, Math.max(1, samples.length), rate);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.onended = onEnded;
  source.start(0, from);
  return { context, source, began: context.currentTime - from };
}
