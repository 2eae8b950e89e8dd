// Places of injections that both SMMUs have.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/injection.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// What a site says of the client whose access it is of.
void name_client(InjectionSite& site, const AccessRequest& client);

constexpr InjectionFacts of_fetch{true, true, false, true};      ///< of a read for an access
constexpr InjectionFacts of_descriptor{true, true, true, true};  ///< of a translation table
constexpr InjectionFacts of_lookup{true, true, false, false};

inline const InjectionPlace place_descriptor = {
    InjectionPoint::own_access,
    "TTD",
    "a descriptor of a translation table is read, or updated",
    {InjectionKind::abort, InjectionKind::flip, InjectionKind::delay},
    of_descriptor};
inline const InjectionPlace place_lookup = {InjectionPoint::lookup,
                                            "lookup",
                                            "an access looks up its translation",
                                            {InjectionKind::conflict},
                                            of_lookup};
inline const InjectionPlace place_transaction = {InjectionPoint::transaction,
                                                 "transaction",
                                                 "an access goes downstream, translated",
                                                 {InjectionKind::abort},
                                                 of_fetch};
inline const InjectionPlace place_interrupt = {
    InjectionPoint::interrupt, "interrupt", "a wired interrupt", {InjectionKind::drop, InjectionKind::delay}};
inline const InjectionPlace place_sync = {
    InjectionPoint::sync, "sync", "a synchronisation", {InjectionKind::delay}};

/// A place with its sources.
inline InjectionPlace with_sources(InjectionPlace place, std::vector<std::string> sources) {
  place.sources = std::move(sources);
  return place;
}

}  // namespace smmuvp::smmu
