// What explain() of an SMMU is asked and answers: how an access ends, and why.
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
  unsigned tbu = 0;     ///< by which TBU it comes
  bool secure = false;  ///< an SMMUv3 without SECURE_IMPL takes all accesses as Non-secure
  /// What a device with an Address Translation Cache sends: a Translation Request, whose `kind` says no more
  /// than whether it is of an instruction, or an access to an address that one has given it.
  enum class Ats : std::uint8_t { none, translation_request, translated } ats = Ats::none;
  bool no_write = false;  ///< of a Translation Request: NW
  /// As though no fault were recorded yet, and nothing stalled: of an SMMUv2, what FSR holds decides
  /// otherwise.
  bool afresh = false;
  bool in_words = true;  ///< fields, meanings, registers and text are wanted
};

struct Explanation {
  /// The verdict on the access.
  struct End {
    /// `stall`: it waits for software. `answered`: it is a Translation Request, and goes nowhere.
    enum class Outcome : std::uint8_t { forward, abort, razwi, stall, answered } outcome = Outcome::abort;
    // Where it goes on:
    std::uint64_t output = 0;      ///< of a Translation Request: the Translated Address
    std::uint8_t memory_type = 0;  ///< a MAIR byte
    pgtable::Shareability shareability = pgtable::Shareability::non_shareable;
    bool privileged = false;   ///< after PRIVCFG of STE or S2CR
    bool instruction = false;  ///< after INSTCFG
    std::uint8_t pbha = 0;     ///< AccessExtension::pbha
    // How a Translation Request is answered; its rights, size and `output` count with success.
    enum class Answer : std::uint8_t {
      none,
      success,
      unsupported_request,
      completer_abort
    } answer = Answer::none;
    bool read = false;
    bool write = false;
    bool execute = false;
    std::uint8_t size_shift = 0;  ///< log2 of the bytes around `output`
    // Where it does not, and software is told why:
    std::string fault;             ///< "F_TRANSLATION", "SMMU_CB3_FSR.TF"; empty: none
    std::string why;               ///< SMMUv2: what about registers or the address makes it one, if no walk
    bool recorded = false;         ///< software would be told, as things are now
    std::string why_not_recorded;  ///< "CD.R is 0"; where there is no fault, what else ends the access
    /// As in the record, by the specification's names. SMMUv3: fields of the event, "S2", "CLASS", "IPA", ...
    /// SMMUv2: registers, "SMMU_CB3_FSR", "SMMU_CB3_FSYNR0", ...
    std::vector<std::pair<std::string, std::uint64_t>> fault_fields;
  };
  /// Bits of a register, structure or descriptor.
  struct Field {
    std::string name;  ///< the specification's
    unsigned high = 0;
    unsigned low = 0;
    std::uint64_t value = 0;  ///< bits [high:low], shifted down
    std::string meaning;      ///< may be empty
    bool wrong = false;       ///< a RES0 bit that is set, or a Reserved value
    bool decides = false;     ///< of a descriptor: it takes a right away that the access needs, or helps to
  };
  /// A register that decides, as software reads it that sees all.
  struct Register {
    std::string name;  ///< the specification's: "SMMU_CB3_TCR"
    std::uint64_t value = 0;
    std::string meaning;        ///< may be empty
    std::vector<Field> fields;  ///< may be empty, where `meaning` says it all
  };
  /// What says in memory how a stream is translated.
  struct Structure {
    std::string name;                      ///< "STE"
    std::optional<std::uint64_t> address;  ///< physical; none: memory leads to no such structure
    std::vector<std::uint64_t> memory;     ///< words; empty: there are none, or they cannot be read
    bool aborted = false;                  ///< memory answers its address with an abort
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
    bool decides = false;  ///< its walk ends in a fault because of it
  };
  /// Why a walk of memory ends in a fault. What caches hold has no part in it.
  struct WalkFault {
    /// "translation", "address size", "access flag", "permission", "domain", "external abort", ...
    std::string kind;
    unsigned stage = 1;
    int level = 0;
    bool of_table = false;  ///< stage 2: of the address of a table of stage 1
    std::uint64_t ipa = 0;  ///< stage 2
    std::string place;      ///< "stage 2 level 3, of a table", as the trace point smmu.fault has it
    enum class Cause : std::uint8_t {
      descriptor,   ///< the last one that was read
      memory,       ///< it does not answer the address of a descriptor
      input_size,   ///< the address is in no range: TxSZ, or T0SZ of stage 2
      range_off,    ///< EPD: the range is not walked
      E0PD,         ///< the range is not for unprivileged accesses
      first_table,  ///< the address in TTBR or VTTBR
      other,
    } cause = Cause::other;
    std::string reason;  ///< in words; may be empty
  };

  End now;                            ///< if the access were sent now
  End memory;                         ///< if no cache held anything
  bool stale = false;                 ///< some cache holds something else than memory
  std::vector<Register> registers;    ///< in the order in which they decide
  std::vector<Structure> structures;  ///< SMMUv3: L1STD, STE, CD, as many as there are
  std::vector<Step> structure_steps;  ///< nested: of stage 2, for the addresses of structures
  std::vector<Step> steps;            ///< for the access, of both stages in the order they are read
  std::optional<WalkFault> structure_walk_fault;  ///< of `structure_steps`; with AccessQuestion::in_words
  std::optional<WalkFault> walk_fault;            ///< of `steps`; likewise
  std::string text;  ///< all of it for people, and what each cache holds; "STALE" marks what differs
};

}  // namespace smmuvp
