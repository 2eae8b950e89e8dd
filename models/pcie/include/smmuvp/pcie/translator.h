// How an access of a device becomes a translated one: lookup, Translation Request, page requests.
// docs/pcie.md, The ATC.
#pragma once
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/pcie/atc.h"
#include "smmuvp/pcie/function.h"
#include "smmuvp/pcie/page_requests.h"

namespace smmuvp::pcie {

/// Why an access is not made.
enum class Refusal : std::uint8_t { TranslationError, NoRights, PageInvalid, PageFailure };

/// What is to become of an access.
struct AccessPlan {
  bool through_atc = false;      ///< else as it is
  bool translated = false;       ///< not through the ATC: the address is a translated one
  bool pages = false;            ///< page requests for what lacks rights
  std::uint32_t group = 1;       ///< page requests in a group
  std::uint64_t bytes_left = 0;  ///< of the job, this access included
};

/// Makes the operations of one access after the other, one at a time: the owner asks next(), carries the
/// operation out, and gives it to complete(). An access is known by its epoch, until it is done or refused.
class Translator {
 public:
  explicit Translator(const AtsConfig& config) : m_atc(config.atc_entries) {}

  enum class Step : std::uint8_t { Operation, Wait, Refused };
  /// @param wanted  the access, or a Translation Request that is wanted for itself
  Step next(const DmaOperation& wanted, const AccessPlan& plan, const AtsControl& control, DmaOperation& out);
  /// The next request of a group that has begun. @return false: there is none
  bool next_page_request(DmaOperation& out);
  /// @param keep  an answer may fill the ATC
  /// @return whether it was what the device wanted, and the device gets the answer
  bool complete(const DmaOperation& operation, DmaResponse response, const AtsControl& control, bool keep);
  /// The access has ended otherwise.
  void abandon();
  Refusal refusal() const { return m_refusal; }
  DmaResponse refusal_response() const { return m_refusal_response; }
  /// What was wrong with an answer; nullptr: nothing. Told once.
  const char* take_complaint() {
    const char* complaint = m_complaint;
    m_complaint = nullptr;
    return complaint;
  }

  /// @return what uses_ended() is to be asked with
  std::uint64_t invalidate(const AtcInvalidation& invalidation);
  /// Nothing uses any more what the invalidation has hit.
  bool uses_ended(std::uint64_t use) const { return use == 0 || use <= m_ended; }
  PageAnswer page_response(std::uint16_t PRGI, bool pasid_valid, std::uint32_t pasid, unsigned code,
                           bool takes_pasid);
  /// All entries go, or those of PASIDs.
  void drop_entries();
  void drop_pasids();
  /// What is outstanding is given up.
  void reset_page_requests();
  PageRequests& page_requests() { return m_pages; }
  const PageRequests& page_requests() const { return m_pages; }
  Atc& atc() { return m_atc; }
  const Atc& atc() const { return m_atc; }

  void reset();
  void visit(Archive& archive);

  struct Counters {
    std::uint64_t hits, misses, requests, errors, translated, invalidations, page_requests, page_responses;
  };
  const Counters& counters() const { return m_counters; }

 private:
  enum class Phase : std::uint8_t { Lookup, Ready, Lacking, Waiting, Refused };
  enum class Out : std::uint8_t { None, Translation, Access, Page };

  void begin(const DmaOperation& wanted);
  void refuse(Refusal why, DmaResponse response);
  bool take_answer(const DmaOperation& operation, const AtsControl& control, bool keep);
  bool open_group(const AccessPlan& plan, const AtsControl& control);
  void translation_request(const AtsControl& control, DmaOperation& out);
  void access(DmaOperation& out);
  void overtake(std::uint64_t first, std::uint64_t last);

  Atc m_atc;
  PageRequests m_pages;
  DmaOperation m_wanted;
  bool m_begun = false;  // m_wanted is being worked on
  Phase m_phase = Phase::Lookup;
  bool m_retried = false;    // behind a successful Page Response
  AtcEntry m_answer;         // Ready: what the access uses; Access: what it has used
  std::uint16_t m_prgi = 0;  // Waiting
  Refusal m_refusal = Refusal::NoRights;
  DmaResponse m_refusal_response = DmaResponse::Ok;
  const char* m_complaint = nullptr;

  Out m_out = Out::None;
  bool m_uses = false;             // Access: with m_answer
  AtcContext m_asked;              // Translation: for whom
  bool m_overtaken = false;        // Translation: invalidations have come meanwhile,
  std::uint64_t m_over_first = 0;  // of addresses from here
  std::uint64_t m_over_last = 0;   // to here
  std::uint64_t m_begun_uses = 0;  // Accesses that have begun
  std::uint64_t m_ended = 0;       // and ended
  Counters m_counters{};
};

}  // namespace smmuvp::pcie
