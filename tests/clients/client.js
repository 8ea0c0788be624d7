// Creates, lists, joins and ends meetings with the npm package bigbluebutton-js.
'use strict'

const assert = require('node:assert/strict')
const bbb = require('bigbluebutton-js')

async function location(url) {
  const answer = await fetch(url, { redirect: 'manual' })
  assert.equal(answer.status, 302)
  return answer.headers.get('location')
}

async function main(url, secret) {
  const api = bbb.api(`${url}/bigbluebutton`, secret)
  const { administration, monitoring, recording } = api
  const ids = ['script 1', 'script 2']
  for (const id of ids) {
    const params = { moderatorPW: 'mp', attendeePW: 'a p+b', record: false }
    const made = await bbb.http(administration.create('Ünïcode & Co', id, params))
    assert.equal(made.returncode, 'SUCCESS')
    assert.equal(made.meetingID, id)
  }
  const running = async (id) => (await bbb.http(monitoring.isMeetingRunning(id))).running
  assert.equal(await running(ids[0]), false)
  const target = await location(administration.join('Jürgen Groß', ids[0], 'a p+b'))
  assert.match(await location(target), /sessionToken=/)
  assert.equal(await running(ids[0]), true)
  const listed = await bbb.http(monitoring.getMeetings())
  assert.deepEqual(listed.meetings.map((meeting) => meeting.meetingID).sort(), ids)
  const info = await bbb.http(monitoring.getMeetingInfo(ids[0]))
  assert.equal(info.participantCount, 1)
  for (const id of ids) {
    const ended = await bbb.http(administration.end(id, 'mp'))
    assert.equal(ended.messageKey, 'sentEndMeetingRequest')
  }
  const gone = await bbb.http(monitoring.getMeetingInfo(ids[0]))
  assert.equal(gone.messageKey, 'notFound')
  const recordings = await bbb.http(recording.getRecordings({ meetingID: ids[0] }))
  assert.equal(recordings.messageKey, 'noRecordings')
  console.log('javascript: all is well')
}

main(...process.argv.slice(2))
