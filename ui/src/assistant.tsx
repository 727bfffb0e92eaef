// The assistant window's first line of code: styles in the order they override each other, then the window.
import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/theme.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AssistantApp } from "./app/AssistantApp";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <AssistantApp />
    </StrictMode>,
  );
}
