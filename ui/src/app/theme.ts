// Mantine's settings. The values themselves are in theme.css, because Mantine would otherwise write them into a style
// tag at run time, which the content security policy forbids.
import {
  createTheme,
  Drawer,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Modal,
  Notification,
  NumberInput,
  Progress,
  SegmentedControl,
  Switch,
  Tooltip,
  type VariantColorsResolver,
} from "@mantine/core";

/** The accent as a scale; only its name and length matter here, theme.css has what is painted. */
const coral: MantineColorsTuple = [
  "#fff1ed",
  "#ffe0d8",
  "#ffbfb0",
  "#ff9d87",
  "#ff8265",
  "#ff6a4d",
  "#e9532f",
  "#c93c1d",
  "#a33119",
  "#7d2715",
];

/** The text on the accent differs between light and dark (near-white and near-black), for AA contrast on both. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const accent = input.color === undefined || input.color === "coral";
  return input.variant === "filled" && accent ? { ...colors, color: "var(--tt-on-accent)" } : colors;
};

/** Motion stays under 150 ms; Mantine drops it altogether when the system asks for reduced motion. */
const motion = { duration: 120 };

/** Dim enough to say "not now", light enough to keep the place. */
const overlayProps = { backgroundOpacity: 0.3 };

export const theme = createTheme({
  primaryColor: "coral",
  colors: { coral },
  variantColorResolver,
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // Scroll locking writes a style tag; the window's body never scrolls, so there is nothing to lock.
    Modal: Modal.extend({
      defaultProps: { lockScroll: false, overlayProps, transitionProps: motion, centered: true, radius: "md" },
    }),
    Drawer: Drawer.extend({ defaultProps: { lockScroll: false, overlayProps, transitionProps: motion } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 400, transitionProps: motion } }),
    // The accent is kept for listening and for the main action; a switch that is on is no news.
    Switch: Switch.extend({ defaultProps: { withThumbIndicator: false, color: "var(--tt-on)" } }),
    Progress: Progress.extend({ defaultProps: { color: "var(--tt-on)" } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { withItemsBorders: false, size: "xs" } }),
    NumberInput: NumberInput.extend({ defaultProps: { hideControls: true } }),
  },
});

/** The names of buttons that Mantine draws by itself, for screen readers. */
export function labelled(close: string) {
  const closeButtonProps = { "aria-label": close };
  return createTheme({
    components: {
      Modal: Modal.extend({ defaultProps: { closeButtonProps } }),
      Drawer: Drawer.extend({ defaultProps: { closeButtonProps } }),
      Notification: Notification.extend({ defaultProps: { closeButtonProps } }),
    },
  });
}
