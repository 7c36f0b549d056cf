//! `admit person`: forgets people.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::{Args, Subcommand};
use links::UserId;
use serde::Serialize;
use store::Erased;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit person erase 123456789")]
pub(crate) enum Person {
    /// Forget a person.
    Erase(Erase),
}

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit person erase 123456789
  admit person erase 123456789 --yes --json

Wherever their number stands in the database, a number stands from then on that is nobody's. What they used stays used, \
what they have not used is taken back, and their browser is not known to be theirs any more. In the chat they stay as \
they are; to Admit they are somebody new, who may earn a pass like anyone. Backups made before still know them.")]
pub(crate) struct Erase {
    /// The person, by their number.
    #[arg(value_name = "ID")]
    person: UserId,
    #[command(flatten)]
    housing: Housing,
}

/// What became of somebody.
#[derive(Serialize)]
struct Forgotten {
    /// What stands in their place.
    number: i64,
    places: u64,
    passes_revoked: Vec<i64>,
}

impl Person {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let Self::Erase(Erase { person, housing }) = self;
        let what = format!("This forgets person {person}, for good.");
        let erased = runtime::run(async {
            let store = housing.open(ctx).await?.store;
            if ctx.global.dry_run {
                return Ok(store.cannot_erase(person).await?);
            }
            ctx.confirm(&what).await?;
            Ok(Some(store.erase_person(person, &ctx.who(), server::Clock::default().now()).await?))
        })?;
        let Some(erased) = erased else { return ctx.would(format!("forget person {person}")) };
        match erased {
            Erased::Erased { number, places, revoked } => {
                let passes_revoked = revoked.into_iter().map(store::PassId::get).collect();
                let forgotten = Forgotten { number: number.get(), places, passes_revoked };
                Ok(ctx.output.show(&forgotten, &Clock::of_this_machine())?)
            }
            Erased::StrangerIn(chats) => {
                let chats: Vec<String> = chats.iter().map(ToString::to_string).collect();
                Err(Failure::OtherState {
                    what: format!("person {person}"),
                    why: format!("they came into {} by somebody else's link, and are not dealt with yet", chats.join(", ")),
                    word: "not_yet",
                    hint: "nothing was changed; `admit serve` deals with them as the gate says; then do it again"
                        .to_owned(),
                })
            }
            Erased::Unknown => Err(Failure::NothingThere {
                what: format!("nothing is known of person {person}"),
                word: "no_person",
                hint: "give the number that Telegram has for them".to_owned(),
            }),
        }
    }
}

impl Shown for Forgotten {
    const COLUMNS: &'static [&'static str] = &["number", "places", "passes_revoked"];

    fn cells(&self) -> Vec<String> {
        let passes: Vec<String> = self.passes_revoked.iter().map(ToString::to_string).collect();
        vec![self.number.to_string(), self.places.to_string(), passes.join(" ")]
    }

    fn words(&self, _: &Clock) -> String {
        let Self { number, places, passes_revoked } = self;
        let mut words = format!("They are forgotten: in {places} places {number} stands now, who is nobody.");
        if !passes_revoked.is_empty() {
            let passes: Vec<String> = passes_revoked.iter().map(ToString::to_string).collect();
            words += &format!("\nTaken back, for they were not used: pass {}.", passes.join(", "));
        }
        words
    }

    fn brief(&self) -> String {
        self.number.to_string()
    }
}
