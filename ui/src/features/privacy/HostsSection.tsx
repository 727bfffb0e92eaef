// The last thirty days, host by host; each opens to its days.
import { UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconShieldCheck } from "@tabler/icons-react";
import { useId, useMemo, useState } from "react";
import { EmptyNote } from "../../components/EmptyNote";
import { Section } from "../../components/Page";
import { useLedgerDays } from "../../ipc/privacy";
import { useLocale, useTexts } from "../../locales/locale";
import { Asked } from "./Asked";
import { byHost, dayOf, type HostSums, isHere, sumFacts, sumWords } from "./ledger";
import classes from "./Privacy.module.css";

const DAYS = 30;

export function HostsSection() {
  const texts = useTexts().privacy.ledger;
  const asked = useLedgerDays(DAYS);
  const hosts = useMemo(() => byHost(asked.data ?? []), [asked.data]);
  const away = hosts.filter(({ host }) => !isHere(host));
  const here = hosts.filter(({ host }) => isHere(host));
  return (
    <Section title={texts.title} hint={texts.hint}>
      <Asked query={asked}>
        {away.length === 0 ? (
          <EmptyNote icon={IconShieldCheck} title={texts.hostsEmptyTitle} hint={texts.hostsEmptyHint} />
        ) : (
          <Hosts heading={texts.hosts} hosts={away} />
        )}
        {here.length === 0 ? null : <Hosts heading={texts.stayed} hosts={here} />}
      </Asked>
    </Section>
  );
}

function Hosts({ heading, hosts }: { heading: string; hosts: HostSums[] }) {
  return (
    <div className={classes.group}>
      <h3 className={classes.heading}>{heading}</h3>
      <ul className={classes.hosts} aria-label={heading}>
        {hosts.map((host) => (
          <Host key={host.host} host={host} />
        ))}
      </ul>
    </div>
  );
}

function Host({ host }: { host: HostSums }) {
  const { texts, format } = useLocale();
  const [isOpen, setOpen] = useState(false);
  const days = useId();
  return (
    <li>
      <UnstyledButton
        className={classes.host}
        aria-expanded={isOpen}
        aria-controls={isOpen ? days : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <IconChevronRight className={classes.chevron} size={16} stroke={1.5} aria-hidden />
        <span className={classes.words}>
          <span className={classes.strong}>{host.host}</span>
          <span className={classes.facts}>{sumFacts(host, texts, format)}</span>
        </span>
        <span className={classes.cost}>{sumWords(host, texts, format)}</span>
      </UnstyledButton>
      {isOpen ? (
        <ul id={days} className={classes.days} aria-label={texts.privacy.ledger.days(host.host)}>
          {host.days.map((day) => (
            <li key={day.day} className={classes.day}>
              <time dateTime={day.day}>{format.shortDay(dayOf(day.day))}</time>
              <span className={classes.facts}>{sumFacts(day, texts, format)}</span>
              <span className={classes.cost}>{sumWords(day, texts, format)}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </li>
  );
}
