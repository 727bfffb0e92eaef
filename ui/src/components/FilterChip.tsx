// A filter as a chip: its name while it lets everything through, its choice when it does not, and a cross to lift it.
import { Button, CloseButton, Menu } from "@mantine/core";
import { IconCheck, IconChevronDown } from "@tabler/icons-react";
import classes from "./FilterChip.module.css";

type Option<T extends string> = { value: T; label: string };
type Props<T extends string> = {
  name: string;
  clear: string;
  value: T | null;
  options: Option<T>[];
  onChange: (value: T | null) => void;
};

export function FilterChip<T extends string>({ name, clear, value, options, onChange }: Props<T>) {
  const chosen = options.find((option) => option.value === value)?.label ?? value;
  return (
    <span className={classes.chip} data-on={value !== null || undefined}>
      {/* Inside the page's landmark, where a screen reader expects what belongs to the page. */}
      <Menu
        position="bottom-start"
        portalProps={{ target: "#page" }}
        transitionProps={{ duration: 0 }}
        withInitialFocusPlaceholder={false}
      >
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            className={classes.button}
            aria-label={chosen === null ? name : `${name}: ${chosen}`}
            rightSection={value === null ? <IconChevronDown size={14} stroke={1.5} aria-hidden /> : null}
          >
            {chosen ?? name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {options.map((option) => (
            <Menu.Item
              key={option.value}
              rightSection={option.value === value ? <IconCheck size={14} stroke={1.5} aria-hidden /> : null}
              onClick={() => onChange(option.value === value ? null : option.value)}
            >
              {option.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {value === null ? null : (
        <CloseButton size={20} iconSize={14} aria-label={clear} onClick={() => onChange(null)} />
      )}
    </span>
  );
}
