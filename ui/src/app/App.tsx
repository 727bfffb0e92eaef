// The settings window as a whole.
import { Frame } from "./Frame";
import { Shell } from "./Shell";

export function App() {
  return (
    <Frame>
      <Shell />
    </Frame>
  );
}
