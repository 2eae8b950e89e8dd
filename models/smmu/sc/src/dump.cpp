// What is under way at TBUs, in words.
#include <iterator>
#include <string>

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu_sc/at_transactions.h"
#include "smmuvp/smmu_sc/smmu_shell.h"
#include "smmuvp/smmu_sc/tbu_shell.h"

namespace smmuvp::smmu {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

const char* kind_words(const AccessRequest& q) {
  switch (q.kind) {
    case AccessKind::write:
      return "write";
    case AccessKind::atomic:
      return "atomic";
    case AccessKind::translate:
      return "translate";
    case AccessKind::read:
      break;
  }
  return q.instruction ? "execute" : "read";
}

}  // namespace

void SmmuShell::add_dump(DumpSection& to) const {
  DumpSection& s = to.add("transactions at TBUs", {"TBU", "stream", "substream", "address", "kind", "state"});
  for (const TbuShell* tbu : m_tbus) tbu->add_dump(s);
}

void TbuShell::add_dump(DumpSection& to) const {
  const std::string tbu = std::to_string(m_tbu.index);
  if (m_blocking != 0) {
    to.notes.push_back("TBU " + tbu + ": " + std::to_string(m_blocking) + " by b_transport");
  }
  m_at.add_dump(tbu, to);
}

void AtTransactions::add_dump(const std::string& tbu, DumpSection& to) const {
  // In the order of State.
  static constexpr const char* states[] = {"arrives",
                                           "waits for a slot",
                                           "is translated",
                                           "waits for memory",
                                           "stalled",
                                           "is translated, and to go on",
                                           "waits for those before it",
                                           "downstream",
                                           "is back",
                                           "has its response",
                                           "waits to answer",
                                           "is answered",
                                           "over"};
  static_assert(std::size(states) == static_cast<std::size_t>(State::over) + 1);
  for (const Open& t : m_open) {
    std::string stream = "-";
    std::string substream = "-";
    std::string address = "-";
    std::string kind = "-";
    if (t.transaction) {
      const AccessRequest& q = t.transaction->request();
      stream = hex(q.stream_id);
      if (q.substream_valid) substream = hex(q.substream_id);
      address = hex(q.address);
      kind = kind_words(q);
    }
    to.rows.push_back({tbu, stream, substream, address, kind, states[static_cast<std::size_t>(t.state)]});
  }
}

}  // namespace smmuvp::smmu
