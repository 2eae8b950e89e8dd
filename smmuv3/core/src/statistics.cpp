#include "smmuvp/smmuv3/statistics.h"

namespace smmuvp::smmuv3 {

namespace {

struct Counter {
  const char* name;
  std::uint64_t Statistics::*value;
  const char* unit;
  const char* doc;
};

constexpr Counter counters[] = {
    {"config_hits", &Statistics::config_hits, "1", "configuration cache hits"},
    {"config_misses", &Statistics::config_misses, "1", "configuration structures fetched"},
    {"events", &Statistics::events, "1", "event records written"},
    {"events_lost", &Statistics::events_lost, "1", "event records discarded: queue disabled, full or failed"},
    {"events_merged", &Statistics::events_merged, "1",
     "events for which the record before them stands (STE.MEV)"},
    {"stalls", &Statistics::stalls, "1", "times that an access stalled"},
    {"stalls_retried", &Statistics::stalls_retried, "1", "stalled accesses that were translated afresh"},
    {"commands", &Statistics::commands, "1", "commands consumed"},
    {"syncs", &Statistics::syncs, "1", "CMD_SYNCs completed"},
    {"tlbi_broadcasts", &Statistics::tlbi_broadcasts, "1",
     "TLB maintenance that processors broadcast and the SMMU took part in"},
    {"msis", &Statistics::msis, "1", "message signalled interrupts written, or aborted"},
    {"atos", &Statistics::atos, "1", "address translation operations"},
    {"prefetches", &Statistics::prefetches, "1", "prefetch commands of streams that the Stream table has"},
    {"ats_requests", &Statistics::ats_requests, "1", "ATS Translation Requests answered"},
    {"ats_translated", &Statistics::ats_translated, "1", "ATS Translated transactions that went on or ended"},
    {"atc_invalidations", &Statistics::atc_invalidations, "1", "ATS invalidations asked for by CMD_ATC_INV"},
    {"atc_timeouts", &Statistics::atc_timeouts, "1", "ATS invalidations that did not complete in time"},
    {"page_requests", &Statistics::page_requests, "1", "PRI queue entries written"},
    {"page_requests_lost", &Statistics::page_requests_lost, "1",
     "page requests and Stop Markers discarded: queue disabled, full or failed"},
    {"page_responses", &Statistics::page_responses, "1", "PRG Responses by the SMMU itself"},
};

}  // namespace

void Statistics::report(StatVisitor& visitor) const {
  for (const Counter& c : counters) visitor.stat(c.name, this->*c.value, c.unit, c.doc);
}

void Statistics::visit(Archive& archive) {
  archive.begin("smmuv3_statistics");
  for (const Counter& c : counters) archive.value(c.name, this->*c.value);
  archive.end();
}

}  // namespace smmuvp::smmuv3
