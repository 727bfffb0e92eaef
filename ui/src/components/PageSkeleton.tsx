// The shape of a page before its data is there.
import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import { useTexts } from "../locales/locale";
import classes from "./Problem.module.css";

export function PageSkeleton() {
  const texts = useTexts();
  return (
    <div className={classes.page} aria-busy="true">
      <VisuallyHidden role="status">{texts.common.loading}</VisuallyHidden>
      <Stack gap="md">
        <Skeleton height={24} width={120} radius="sm" />
        <Skeleton height={152} radius="md" />
        <Skeleton height={16} width={90} radius="sm" mt="md" />
        <Skeleton height={132} radius="md" />
      </Stack>
    </div>
  );
}
