// How much was said, in English.
export const statistics = {
  span: "Days shown",
  spans: { "30": "30 days", "90": "90 days", "365": "12 months" },
  words: "Words",
  minutes: "Minutes of speech",
  perDay: (name: string) => `${name} per day`,
  perWeek: (name: string) => `${name} per week`,
  speed: "Words a minute",
  arrived: "Arrived",
  arrivedHint: "Of what was to go somewhere; cancelled speech does not count.",
  engines: "Engines",
  models: "Models",
  share: (count: string, percent: string) => `${count}, ${percent}`,
  emptyTitle: "Nothing to count yet",
  emptyHint: "Speak, and this page shows how much and how well it went.",
};
