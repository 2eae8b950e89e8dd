// Faults that are injected into an SMMU: where it asks for them, and what it does then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/base/export.h"
#include "smmuvp/base/trace.h"

namespace smmuvp {

/// Where an SMMU asks whether a fault is to be injected. A hit of a micro TLB asks nothing, unless somebody
/// wants `lookup` or `transaction`: see Injector::wants().
enum class InjectionPoint : std::uint8_t {
  own_access,   ///< a read or write of the SMMU's own is about to leave
  lookup,       ///< an access of a client is about to look up its translation
  transaction,  ///< an access of a client, or a part of one, is about to go downstream
  interrupt,    ///< a wired interrupt is about to be shown
  sync,         ///< a synchronisation has begun
  record,       ///< a record is about to be written to a queue
};

/// What is injected.
enum class InjectionKind : std::uint8_t {
  none,
  abort,     ///< it is answered as by an external abort, and is not carried out
  flip,      ///< the data that is read has bits inverted
  drop,      ///< it is taken for done, and never is
  delay,     ///< it takes longer
  conflict,  ///< the TLB has several entries for the address
  full,      ///< the queue has no room for the record
};

struct Injection {
  InjectionKind kind = InjectionKind::none;
  std::uint64_t delay_ps = 0;              ///< delay
  std::array<std::uint64_t, 8> flip = {};  ///< flip: of each 64-bit word, as little-endian numbers
};

/// What a client does with a location.
enum class InjectionAccess : std::uint8_t { read, write, atomic };

/// What a place is one of, with all that a plan can match. What is not known is empty.
struct InjectionSite {
  InjectionPoint point = InjectionPoint::own_access;
  std::string_view what;          ///< as in InjectionPlace::name
  std::string_view of = {};       ///< an interrupt's port, an MSI's or a synchronisation's source
  std::uint8_t stage = 0;         ///< of a descriptor: 1 or 2
  std::optional<int> level = {};  ///< of a descriptor
  bool updates = false;           ///< memory is to be changed: there is nothing to flip
  std::optional<std::uint32_t> stream = {};
  std::optional<std::uint32_t> substream = {};
  std::optional<InjectionAccess> access = {};  ///< of the client
  std::optional<std::uint64_t> iova = {};      ///< of the client, as it came in
  std::optional<std::uint64_t> address = {};   ///< what is accessed, physical
  std::uint64_t time_ps = 0;                   ///< simulated time; of an access the time that it has got to
};

/// What sites of a place say.
struct InjectionFacts {
  bool stream = false;      ///< the StreamID
  bool client = false;      ///< that, SubstreamID, kind of access and IOVA: it is of an access of a client
  bool descriptor = false;  ///< stage and level
  bool address = false;     ///< the physical address
};

/// A kind of site that an SMMU has, as `at` of a plan names it.
struct InjectionPlace {
  InjectionPoint point;
  const char* name;
  const char* doc;
  std::vector<InjectionKind> kinds;  ///< what can be injected there
  InjectionFacts facts = {};
  std::vector<std::string> sources = {};  ///< all that `of` may be
};

/// Decides. Who has one asks it at each place; nobody pays for it who has none.
class SMMUVP_EXPORT Injector {
 public:
  Injector() = default;
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;
  virtual ~Injector() = default;
  /// Whether anything can be injected at a point. Does not change once it has been given to an SMMU.
  virtual bool wants(InjectionPoint point) const = 0;
  /// Called once for each site, in the order in which the SMMU comes to them.
  virtual Injection at(const InjectionSite& site) = 0;
};

/// `at` is the place; sid, iova and address are 0 where a site has none.
constexpr TracePoint<std::string_view, std::string_view, std::string_view, std::uint32_t, std::uint64_t,
                     std::uint64_t>
    trace_injected{
        "inject.fired", "a fault of --inject was injected", {"name", "at", "do", "sid", "iova", "address"}};

}  // namespace smmuvp
