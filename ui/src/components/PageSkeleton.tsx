// The shape of a page before its data is there.
import { Group, Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import { useTexts } from "../locales/locale";
import { Page } from "./Page";

export function PageSkeleton({ title }: { title: string }) {
  return (
    <Page title={title}>
      <SkeletonBlocks />
    </Page>
  );
}

/** A list before its rows are there. */
export function SkeletonRows() {
  const texts = useTexts();
  return (
    <div aria-busy="true">
      <VisuallyHidden role="status">{texts.common.loading}</VisuallyHidden>
      <Stack gap={28} pt="md">
        {WIDTHS.map((width) => (
          <Group key={width} gap="md" wrap="nowrap">
            <Skeleton height={12} width={48} radius="sm" />
            <Skeleton height={12} width={width} radius="sm" />
          </Group>
        ))}
      </Stack>
    </div>
  );
}

/** Uneven, as sentences are. */
const WIDTHS = ["78%", "46%", "64%", "30%", "71%", "52%", "40%"];

function SkeletonBlocks() {
  const texts = useTexts();
  return (
    <div aria-busy="true">
      <VisuallyHidden role="status">{texts.common.loading}</VisuallyHidden>
      <Stack gap="sm">
        <Skeleton height={120} radius="md" />
        <Skeleton height={14} width={90} radius="sm" mt="md" />
        <Skeleton height={152} radius="md" />
        <Skeleton height={14} width={120} radius="sm" mt="md" />
        <Skeleton height={98} radius="md" />
      </Stack>
    </div>
  );
}
