// What this program is, and where it keeps things.
import { ActionIcon, CopyButton, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Mark } from "../../components/Mark";
import { Page, Row, Section } from "../../components/Page";
import { useFacts } from "../../ipc/queries";
import { useTexts } from "../../locales/locale";
import classes from "./About.module.css";

export function AboutPage() {
  const { about } = useTexts();
  const facts = useFacts();
  return (
    <Page title={about.title}>
      <div className={classes.intro}>
        <Mark size={44} />
        <div>
          <p className={classes.name}>TonnyTray {facts.version}</p>
          <p className={classes.tagline}>{about.tagline}</p>
        </div>
      </div>
      <Section title={about.details}>
        <Row label={about.commit}>
          <Text className={classes.mono}>{facts.commit}</Text>
        </Row>
        <Row label={about.session}>
          <Text className={classes.value}>{facts.session}</Text>
        </Row>
        <Row label={about.licence}>
          <Text className={classes.value}>{facts.licence}</Text>
        </Row>
      </Section>
      <Section title={about.folders}>
        <Folder name={about.data} path={facts.data_dir} />
        <Folder name={about.logs} path={facts.log_dir} />
      </Section>
      <Section title={about.privacyTitle}>
        <p className={classes.prose}>{about.privacy}</p>
      </Section>
      <Section title={about.help}>
        <p className={classes.prose}>
          {about.helpText} <span className={classes.mono}>tonny doctor</span>
        </p>
      </Section>
      <Section title={about.parts}>
        <p className={classes.prose}>{about.partsText}</p>
      </Section>
    </Page>
  );
}

function Folder({ name, path }: { name: string; path: string }) {
  const { about } = useTexts();
  return (
    <Row label={name}>
      <Text className={classes.mono}>{path}</Text>
      <CopyButton value={path}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? about.copied : about.copyPath(name)}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={28}
              aria-label={copied ? about.copied : about.copyPath(name)}
              onClick={copy}
            >
              {copied ? <IconCheck size={16} stroke={1.5} /> : <IconCopy size={16} stroke={1.5} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Row>
  );
}
