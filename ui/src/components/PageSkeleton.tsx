// The shape of a page before its data is there.
import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import { useTexts } from "../locales/locale";
import { Page } from "./Page";

export function PageSkeleton({ title }: { title: string }) {
  return (
    <Page title={title}>
      <SkeletonBlocks />
    </Page>
  );
}

/** The part below the title, for pages that draw their own. */
export function SkeletonBlocks() {
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
