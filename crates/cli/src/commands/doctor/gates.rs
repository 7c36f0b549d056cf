//! The gates: whether each can work, and whether anybody can pass it now.

use super::Patient;
use super::report::Report;
use crate::failure::Failure;
use gate::Standing;
use server::{CannotPublish, Refusal};
use store::{GateState, SavedGate};

/// More than so many are told as so many.
const MOST: u32 = 1000;

pub(super) async fn look(report: &mut Report, patient: &Patient<'_>) -> Result<(), Failure> {
    for saved in patient.store.gates().await? {
        can_work(report, patient, &saved).await?;
        if saved.state == GateState::Open {
            can_be_passed(report, patient, &saved).await?;
        }
    }
    Ok(())
}

async fn can_work(report: &mut Report, patient: &Patient<'_>, saved: &SavedGate) -> Result<(), Failure> {
    let slug = &saved.gate.slug;
    let refusals = match server::refusals(patient.store, &saved.gate, saved.bot, patient.road).await {
        Ok(refusals) => refusals,
        Err(CannotPublish::Store(why)) => return Err(why.into()),
        Err(why) => {
            report.leave_out_because(&format!("the chats of the gate `{slug}`"), &why);
            return Ok(());
        }
    };
    for refusal in refusals {
        // Told of the bot already.
        if matches!(refusal, Refusal::TokenDead { .. }) {
            continue;
        }
        let detail = format!("the gate `{slug}` cannot work: {refusal}");
        match saved.state {
            GateState::Open => report.error(refusal.code(), detail, ""),
            GateState::Draft | GateState::Paused => report.warn(refusal.code(), detail, ""),
        }
    }
    Ok(())
}

async fn can_be_passed(report: &mut Report, patient: &Patient<'_>, saved: &SavedGate) -> Result<(), Failure> {
    let (gate, slug) = (&saved.gate, &saved.gate.slug);
    if gate.standing(patient.now) == Standing::Closed {
        report.warn(
            "gate_closed",
            format!("the gate `{slug}` is over: its `closes_at` has passed"),
            format!("`admit gate pause {slug}`, or `admit gate edit {slug}`"),
        );
    }
    if let Some(quota) = gate.quota.filter(|quota| saved.issued >= quota.get()) {
        report.warn(
            "gate_full",
            format!("the gate `{slug}` gave all its {quota} passes", quota = quota.get()),
            format!("raise `quota` with `admit gate edit {slug}`, or `admit gate pause {slug}`"),
        );
    }
    let doubted = patient.store.doubted(Some(saved.id), None, MOST).await?.len();
    if doubted > 0 {
        report.warn(
            "passes_doubted",
            format!("by {doubted} passes of `{slug}` somebody may have come in unseen, so their people get no other link yet"),
            format!("`admit pass list --gate {slug} --doubted`, look who is in the chat, then `admit pass reissue`"),
        );
    }
    let target = gate.pool_target(saved.issued, patient.now);
    for &chat in gate.chats.iter() {
        let alive = saved.gate.promised_until(patient.now);
        let stock = patient.store.stock(saved.id, chat, saved.bot, alive, MOST).await?;
        let cure = match patient.at_work {
            Some(_) => "look at what `admit serve` logs, and at what Telegram holds back",
            None => "links are made by `admit serve`: start it",
        };
        if stock.waiting > 0 {
            let detail = format!("{} passes of `{slug}` wait for a link to {chat}", stock.waiting);
            report.error("passes_wait", detail, cure);
        } else if target > 0 && stock.free == 0 {
            let detail = format!("no link to {chat} is ready for whoever passes `{slug}` next");
            report.warn("pool_empty", detail, cure);
        }
    }
    Ok(())
}
