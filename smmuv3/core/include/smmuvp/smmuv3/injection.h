// Places of injections that an SMMUv3 has.
#pragma once

#include <string>
#include <vector>

#include "smmuvp/base/injection.h"
#include "smmuvp/smmu/injection.h"

namespace smmuvp::smmuv3 {

inline const InjectionPlace place_event_queue = {InjectionPoint::record,
                                                 "event-queue",
                                                 "a record is to be written to the Event queue",
                                                 {InjectionKind::full},
                                                 {true}};
inline const InjectionPlace place_pri_queue = {InjectionPoint::record,
                                               "page-request-queue",
                                               "a record is to be written to the PRI queue",
                                               {InjectionKind::full},
                                               {true}};

/// All of them. Those of reads and writes are named as traces and OwnAccess name them.
/// @param lines  the ports of wired interrupts
inline std::vector<InjectionPlace> injection_places(const std::vector<std::string>& lines) {
  using Kind = InjectionKind;
  constexpr InjectionPoint own = InjectionPoint::own_access;
  constexpr InjectionFacts of_queue{false, false, false, true};
  const std::vector<Kind> of_read = {Kind::abort, Kind::flip, Kind::delay};
  const std::vector<Kind> of_write = {Kind::abort, Kind::delay};
  return {{own, "L1STD", "a descriptor of level 1 of the Stream table is read", of_read, smmu::of_fetch},
          {own, "STE", "an STE is read", of_read, smmu::of_fetch},
          {own, "L1CD", "a descriptor of level 1 of a table of CDs is read", of_read, smmu::of_fetch},
          {own, "CD", "a CD is read", of_read, smmu::of_fetch},
          {own, "VMS", "a VMS is read", of_read, smmu::of_fetch},
          smmu::place_descriptor,
          {own, "command", "a command is read from a Command queue", of_read, of_queue},
          {own, "event", "a record is written to the Event queue", of_write, of_queue},
          {own, "page request", "a record is written to the PRI queue", of_write, of_queue},
          {own,
           "MSI",
           "a message signalled interrupt is written",
           {Kind::abort, Kind::drop, Kind::delay},
           of_queue,
           {"eventq", "gerror", "cmdq_sync", "priq", "pmcg"}},
          smmu::place_lookup,
          smmu::place_transaction,
          smmu::with_sources(smmu::place_interrupt, lines),
          smmu::with_sources(smmu::place_sync, {"CMD_SYNC"}),
          place_event_queue,
          place_pri_queue};
}

}  // namespace smmuvp::smmuv3
