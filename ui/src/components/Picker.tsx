// One choice out of a list; always has a value.
import { Select } from "@mantine/core";

type Option = { value: string; label: string };
type Props = {
  id?: string;
  value: string;
  options: Option[];
  onChange: (value: string) => void;
  width?: number;
  searchable?: boolean;
};

export function Picker({ id, value, options, onChange, width = 220, searchable = false }: Props) {
  return (
    <Select
      id={id}
      size="xs"
      w={width}
      data={options}
      value={value}
      allowDeselect={false}
      searchable={searchable}
      checkIconPosition="right"
      // Inside the page's landmark, where a screen reader expects what belongs to the page.
      comboboxProps={{ portalProps: { target: "#page" }, transitionProps: { duration: 0 } }}
      onChange={(chosen) => {
        if (chosen !== null && chosen !== value) onChange(chosen);
      }}
    />
  );
}
