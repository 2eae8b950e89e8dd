#include "smmuvp/smmu_sc/at_walks.h"

#include <utility>

namespace smmuvp::smmu {

AtWalks::AtWalks(const Supply& supply, ForwardPort& socket, Tag tag, Inject inject)
    : m_tag(std::move(tag)),
      m_inject(std::move(inject)),
      m_requester("walks", supply, socket,
                  [this](tlm::tlm_generic_payload& payload, TimePs at) { answered(payload, at); }) {}

AtWalks::Walk* AtWalks::send(const MemoryOp& op, const AccessRequest& client, Done done) {
  Walk& walk = take(op, client, std::move(done));
  m_requester.send(walk.op.payload(), op.time + m_inject(walk.op, op, client));
  return &walk;
}

AtWalks::Walk& AtWalks::take(const MemoryOp& op, const AccessRequest& client, Done done) {
  if (m_free.empty()) {
    m_walks.push_back(std::make_unique<Walk>());
    Walk& made = *m_walks.back();
    made.op.payload().set_mm(this);
    m_by_payload[&made.op.payload()] = &made;
    m_free.push_back(&made);
  }
  Walk& walk = *m_free.back();
  m_free.pop_back();
  walk.op.prepare(op);
  walk.size = op.size;
  walk.done = std::move(done);
  m_tag(walk.op, op, client);
  walk.op.payload().acquire();
  return walk;
}

void AtWalks::answered(const tlm::tlm_generic_payload& payload, TimePs at) {
  Walk& walk = *m_by_payload.at(&payload);
  const Done done = std::exchange(walk.done, nullptr);
  const MemoryAnswer answer = walk.op.answer(walk.size, at);
  walk.op.payload().release();
  if (done) done(answer);
}

void AtWalks::drop() {
  for (const auto& walk : m_walks) {
    if (walk->done) drop(*walk);
  }
}

void AtWalks::drop(Walk& walk) {
  walk.done = nullptr;
  if (m_requester.cancel(walk.op.payload())) walk.op.payload().release();
}

void AtWalks::forget() {
  drop();
  m_requester.forget();
}

void AtWalks::visit(Archive& archive, Walk*& walk, const MemoryOp& op, const AccessRequest& client,
                    Done done) {
  archive.begin("walk");
  AtRequester::Standing standing;
  if (archive.loading()) {
    walk = &take(op, client, std::move(done));
  } else {
    standing = m_requester.standing(walk->op.payload());
  }
  m_requester.visit(archive, standing);
  walk->op.visit_response(archive);
  if (standing.phase == AtRequester::Standing::Phase::none) archive.fail("phase", "nobody has it");
  archive.end();
  if (!archive.loading()) return;
  if (archive.ok()) {
    m_requester.restore(walk->op.payload(), standing);
  } else {
    walk->done = nullptr;
    walk->op.payload().release();
    walk = nullptr;
  }
}

void AtWalks::free(tlm::tlm_generic_payload* payload) {
  Walk& walk = *m_by_payload.at(payload);
  walk.op.clear();
  payload->reset();
  m_free.push_back(&walk);
}

}  // namespace smmuvp::smmu
