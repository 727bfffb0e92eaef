// The assistant's window as a whole.
import { AssistantWindow } from "../features/assistant/AssistantWindow";
import { Frame } from "./Frame";

export function AssistantApp() {
  return (
    <Frame>
      <AssistantWindow />
    </Frame>
  );
}
