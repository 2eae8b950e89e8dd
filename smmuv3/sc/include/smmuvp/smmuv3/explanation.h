// What SmmuV3::explain() is asked and answers: how an access ends, and why.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/pgtable/types.h"

namespace smmuvp {

/// An access that is asked about, as a client would send it.
struct AccessQuestion {
  std::uint32_t stream_id = 0;
  std::optional<std::uint32_t> substream_id = {};
  std::uint64_t address = 0;
  enum class Kind : std::uint8_t { read, write, atomic, execute } kind = Kind::read;
  bool privileged = false;
  unsigned tbu = 0;  ///< by which TBU it comes
};

struct Explanation {
  /// The verdict on the access.
  struct End {
    enum class Outcome : std::uint8_t { forward, abort, razwi } outcome = Outcome::abort;
    // Where it goes on:
    std::uint64_t output = 0;
    std::uint8_t memory_type = 0;  ///< a MAIR byte
    pgtable::Shareability shareability = pgtable::Shareability::non_shareable;
    bool privileged = false;   ///< after STE.PRIVCFG
    bool instruction = false;  ///< after STE.INSTCFG
    // Where it does not, and software is told why:
    std::string event;             ///< "F_TRANSLATION"; empty: none
    bool recorded = false;         ///< it would be written to the Event queue, as that is now
    std::string why_not_recorded;  ///< "CD.R is 0"
    /// As in the record, by the specification's names: "S2", "CLASS", "IPA", ...
    std::vector<std::pair<std::string, std::uint64_t>> event_fields;
  };
  /// Bits of a structure or descriptor.
  struct Field {
    std::string name;  ///< the specification's
    unsigned high = 0;
    unsigned low = 0;
    std::uint64_t value = 0;  ///< bits [high:low], shifted down
    std::string meaning;      ///< may be empty
  };
  /// What says how a stream is translated.
  struct Structure {
    std::string name;                      ///< "STE"
    std::optional<std::uint64_t> address;  ///< physical; none: memory leads to no such structure
    std::vector<std::uint64_t> memory;     ///< words; empty: there are none, or they cannot be read
    std::vector<Field> fields;             ///< of `memory`
    bool legal = false;                    ///< of `memory`
    std::string why;                       ///< not legal: what is wrong
    std::vector<std::uint64_t> cached;     ///< words that accesses use instead; empty: not cached
    std::vector<Field> cached_fields;      ///< of `cached`
    bool stale() const { return !cached.empty() && cached != memory; }
  };
  /// A descriptor that a walk reads.
  struct Step {
    unsigned stage = 1;
    int level = 0;
    std::uint64_t input = 0;       ///< VA or IPA that is looked up
    std::uint64_t address = 0;     ///< of the descriptor
    bool aborted = false;          ///< it cannot be read
    std::uint64_t descriptor = 0;  ///< otherwise
    std::string meaning;           ///< "table of level 2 at 0x80001000"
    std::vector<Field> fields;
  };

  End now;                            ///< if the access were sent now
  End memory;                         ///< if no cache held anything
  bool stale = false;                 ///< some cache holds something else than memory
  std::vector<Structure> structures;  ///< L1STD, STE, CD: as many as there are
  std::vector<Step> cd_steps;         ///< nested: of stage 2, for addresses of L1CD and CD
  std::vector<Step> steps;            ///< for the access, of both stages in the order they are read
  std::string text;  ///< all of it for people, and what each cache holds; "STALE" marks what differs
};

}  // namespace smmuvp
